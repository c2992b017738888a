"""What a hub counts, for whoever watches the site: process by process, in the words of Prometheus."""

from prometheus_client import Counter, Gauge, Histogram

sockets = Gauge("bookshelf_sockets", "Sockets that are open.", multiprocess_mode="livesum")
delivered = Counter("bookshelf_delivered", "Messages to sockets, each counted once a socket.")
closed = Counter("bookshelf_closed", "Sockets that the site closed, by the code that said why.", ["code"])
replays = Counter("bookshelf_replays", "Sockets that came back and were told what they had missed.")
resets = Counter("bookshelf_resets", "Sockets that came back with a cursor of no use, or too late to be replayed.")
recovered = Counter("bookshelf_recovered", "Notices of which no bell was heard in time, and which the log had.")
lag = Histogram(
    "bookshelf_hub_lag_seconds",
    "From the bell of a notice, rung when it was committed, to when the hub had told all its sockets.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
