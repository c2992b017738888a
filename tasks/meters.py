"""What the workers count, for whoever watches the site: process by process, in the words of Prometheus."""

from prometheus_client import Counter, Histogram

announced = Histogram(
    "bookshelf_announced_seconds",
    "From a save to the notice, of the posts for which somebody waited.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 75, 300, 3600),
)
asked = Histogram(
    "bookshelf_catalogue_seconds",
    "How long a catalogue took to answer, by its name and by the outcome.",
    ["source", "outcome"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5),
)
sweeps = Counter("bookshelf_sweeps", "Sweeps that have looked for posts that are overdue.")
rescued = Counter("bookshelf_rescued", "Posts that a sweep took back from a lost worker, or put in the queue anew.")
