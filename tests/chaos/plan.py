"""What a campaign does and when, all of it drawn from one seed before it starts."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

HASTY = 0.12  # of the posts, by default, are edited a moment after they were saved
FIRST, LAST = 1.0, 0.92  # seconds, and share of the whole, between which faults happen
RECOVERY = 6.0  # seconds for which what was killed is left in peace

# Kinds of faults: what they hit, and for how long, in seconds.
TARGETS: dict[str, tuple[tuple[str, ...], float]] = {
    "kill a pool child": (("worker-1", "worker-2"), 0.0),
    "kill a worker": (("worker-1", "worker-2"), 0.0),
    "kill the sweep": (("sweep",), 0.0),
    "kill beat": (("beat",), 0.0),
    "kill a daphne": (("web-1", "web-2"), 0.0),
    "kill Valkey": (("valkey",), 2.0),
    "stop Valkey": (("valkey",), 6.0),
    "FLUSHALL": (("valkey",), 0.0),
    "CLIENT KILL pubsub": (("valkey",), 0.0),
    "stop a worker": (("worker-2",), 50.0),  # always this one: another is to be there
    "restart PostgreSQL, fast": (("postgres",), 2.0),
    "restart PostgreSQL, immediate": (("postgres",), 2.0),
    "catalogue: 403": (("catalogue",), 6.0),
    "catalogue: 429": (("catalogue",), 6.0),
    "catalogue: 500": (("catalogue",), 6.0),
    "catalogue: garbage": (("catalogue",), 6.0),
    "catalogue: silence": (("catalogue",), 7.0),
    "catalogue: a byte a second": (("catalogue",), 7.0),
    "catalogue: slow": (("catalogue",), 20.0),
}
KILLS = [kind for kind in TARGETS if kind.startswith("kill")]

Counts = Mapping[str, int]  # how often each kind of fault happens

FULL: Counts = {
    "kill a pool child": 14,
    "kill a worker": 7,
    "kill the sweep": 3,
    "kill beat": 4,
    "kill a daphne": 7,
    "kill Valkey": 5,
    "stop Valkey": 3,
    "FLUSHALL": 6,
    "CLIENT KILL pubsub": 9,
    "stop a worker": 2,
    "restart PostgreSQL, fast": 2,
    "restart PostgreSQL, immediate": 2,
    "catalogue: 403": 2,
    "catalogue: 429": 2,
    "catalogue: 500": 2,
    "catalogue: garbage": 2,
    "catalogue: silence": 2,
    "catalogue: a byte a second": 2,
}
SHORT: Counts = {
    "kill a pool child": 2,
    "kill the sweep": 1,
    "kill beat": 1,
    "kill a daphne": 1,
    "kill Valkey": 1,
    "FLUSHALL": 1,
    "CLIENT KILL pubsub": 3,
    "catalogue: 403": 1,
    "catalogue: garbage": 1,
}


def without_postgres(counts: Counts) -> Counts:
    return {kind: count for kind, count in counts.items() if "postgres" not in TARGETS[kind][0]}


@dataclass(frozen=True)
class Fault:
    """`second`: of the campaign. `seconds`: how long it lasts. `choice`: of pool children, a number to choose by."""

    second: float
    kind: str
    target: str
    seconds: float
    choice: int


@dataclass(frozen=True)
class Act:
    """What an author does: `kind` is write, edit, delete, like or comment; `post` says to which, by number.

    `book` holds the form's fields of a book. `key` is the form's own.
    """

    second: float
    kind: str
    post: int
    text: str
    book: Mapping[str, str]
    key: str


@dataclass(frozen=True)
class Cut:
    """A reader loses the connection."""

    second: float
    reader: int


@dataclass(frozen=True)
class Plan:
    seed: int
    seconds: float
    readers: int
    posts: int
    shelf: "Shelf"
    faults: list[Fault]
    authors: list[list[Act]]
    last: list[Act]  # of each author one, when all else is done and the queue is gone
    cuts: list[Cut]


@dataclass(frozen=True)
class Shelf:
    """The books that posts are about; of those with an ISBN some have a cover, and some no catalogue knows."""

    with_cover: list[str]
    without_cover: list[str]
    unknown: list[str]
    titles: list[str]

    def draw(self, rng: random.Random) -> dict[str, str]:
        kind = rng.random()
        if kind < 0.3:
            return {}
        if kind < 0.55:
            return {"isbn": rng.choice(self.with_cover)}
        if kind < 0.65:
            return {"isbn": rng.choice(self.without_cover)}
        if kind < 0.75:
            return {"isbn": rng.choice(self.unknown)}
        return {"book_title": rng.choice(self.titles), "book_author": "Tove Jansson"}


def make(
    seed: int, *, seconds: float, posts: int, readers: int, authors: int, counts: Counts, hasty: float = HASTY
) -> Plan:
    """Draw a campaign whose authors write for so many `seconds`."""
    rng = random.Random(seed)
    shelf = _shelf(rng, posts)
    return Plan(
        seed=seed,
        seconds=seconds,
        readers=readers,
        posts=posts,
        shelf=shelf,
        faults=_faults(rng, seconds, counts),
        authors=_authors(rng, seconds, posts, authors, shelf, hasty),
        last=[_act(rng, 0, "delete", rng.choice(range(own, posts, authors)), "", {}) for own in range(authors)],
        cuts=sorted(
            (Cut(rng.uniform(0, seconds), rng.randrange(readers)) for _ in range(readers * 2)),
            key=lambda cut: cut.second,
        ),
    )


def _shelf(rng: random.Random, posts: int) -> Shelf:
    many = max(4, posts // 4)
    numbers = [f"978{number:09}" for number in rng.sample(range(10**9), 2 * many)]
    isbns = [number + _check_digit(number) for number in numbers]
    # One word each: no other title is like it.
    titles = [f"Island{number}" for number in range(many)]
    return Shelf(isbns[:many], isbns[many : many * 3 // 2], isbns[many * 3 // 2 :], titles)


def _check_digit(number: str) -> str:
    return str(-sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(number)) % 10)


def _faults(rng: random.Random, seconds: float, counts: Counts) -> list[Fault]:
    """One thing at a time to each part: what is being stopped or restarted is not killed."""
    taken: dict[str, list[tuple[float, float]]] = {}
    faults = []
    # The longest first: they need most room.
    kinds = sorted((kind for kind, count in counts.items() for _ in range(count)), key=lambda kind: -TARGETS[kind][1])
    for kind in kinds:
        targets, lasts = TARGETS[kind]
        for _ in range(200):
            target = rng.choice(targets)
            begin = rng.uniform(FIRST, max(FIRST, seconds * LAST - lasts))
            end = begin + lasts + (RECOVERY if kind in KILLS else 0.5)
            if all(end < other_begin or other_end < begin for other_begin, other_end in taken.get(target, [])):
                taken.setdefault(target, []).append((begin, end))
                if kind == "stop a worker":  # the catalogue is held for a moment, so that it holds claims
                    taken.setdefault("catalogue", []).append((begin - 1, begin + 6))
                faults.append(Fault(begin, kind, target, lasts, rng.randrange(1000)))
                break
    return sorted(faults, key=lambda fault: fault.second)


def _authors(
    rng: random.Random, seconds: float, posts: int, authors: int, shelf: Shelf, hasty: float
) -> list[list[Act]]:
    acts: list[list[Act]] = [[] for _ in range(authors)]
    for post in range(posts):
        own = post % authors
        second = rng.uniform(0, seconds)
        acts[own].append(_act(rng, second, "write", post, f"Post {post}", shelf.draw(rng)))
        if rng.random() < hasty:
            acts[own].append(_act(rng, second + rng.uniform(0.1, 1.5), "edit", post, f"Post {post}, at once", {}))
        if rng.random() < 0.15:
            acts[own].append(_act(rng, rng.uniform(second, seconds), "edit", post, f"Post {post}, again", {}))
        if rng.random() < 0.08:
            acts[own].append(_act(rng, rng.uniform(second, seconds * 1.05), "delete", post, "", {}))
        for kind, share in (("like", 0.3), ("comment", 0.2)):
            if rng.random() < share:
                someone = rng.randrange(authors)
                acts[someone].append(_act(rng, rng.uniform(second, seconds), kind, post, f"On {post}", {}))
    return [sorted(each, key=lambda act: act.second) for each in acts]


def _act(rng: random.Random, second: float, kind: str, post: int, text: str, book: Mapping[str, str]) -> Act:
    return Act(second, kind, post, text, book, f"{rng.getrandbits(128):032x}")
