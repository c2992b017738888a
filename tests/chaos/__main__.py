"""Runs a campaign of faults and says in figures what came of it.

    python -m tests.chaos [--postgres] [--seed N] [--posts N] [--readers N] [--authors N] [--seconds N]
    python -m tests.chaos --broken fence|lock|tick

Ends with 0 where every promise was kept; with --broken, on a copy of the site that cannot keep one, where that was
noticed.
"""

import argparse
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..postgres import Server, provided, server
from ..site import ROOT
from . import plan
from .broken import FLAWS, Flaw, copy
from .campaign import Campaign, Report


def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--postgres", action="store_true", help="on a PostgreSQL of its own instead of SQLite")
    parser.add_argument("--broken", choices=FLAWS, help="a copy without this; its campaign has to fail")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="replays what was drawn from it")
    parser.add_argument("--posts", type=int, default=560)
    parser.add_argument("--readers", type=int, default=56)
    parser.add_argument("--authors", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=180)
    return parser.parse_args(words)


@contextmanager
def database(postgres: bool) -> Iterator[Server | None]:
    if not postgres:
        yield None
        return
    binaries = provided()
    if binaries is None:
        sys.exit("No PostgreSQL could be had; install its server, 14 or newer.")
    with server(binaries) as running:
        yield running


def run(drawn: plan.Plan, root: Path, *, postgres: bool) -> Report:
    folder = Path(tempfile.mkdtemp(prefix="bookshelf-chaos-"))
    with database(postgres) as running:
        of_database = (running.url, running.restart) if running else (None, None)
        report = Campaign(drawn, root, folder, *of_database).run()
    print(report)
    if report.complaints:
        print(f"The logs are in {folder}")
    else:
        shutil.rmtree(folder)
    return report


def full(given: argparse.Namespace) -> int:
    replay = f"--seed {given.seed} --posts {given.posts} --readers {given.readers} --authors {given.authors}"
    replay += f" --seconds {given.seconds:g}{' --postgres' * given.postgres}"
    print(f"Chaos on {'PostgreSQL' if given.postgres else 'SQLite'}: {replay}", flush=True)
    drawn = plan.make(
        given.seed,
        seconds=given.seconds,
        posts=given.posts,
        readers=given.readers,
        authors=given.authors,
        counts=plan.FULL if given.postgres else plan.without_postgres(plan.FULL),
    )
    report = run(drawn, ROOT, postgres=given.postgres)
    print("FAILED" if report.complaints else "Passed", flush=True)
    return 1 if report.complaints else 0


def broken(name: str, flaw: Flaw, seed: int) -> int:
    print(f"A copy without the {name}: --broken {name} --seed {seed}", flush=True)
    with copy(flaw) as root:
        report = run(flaw.plan(seed), root, postgres=flaw.postgres)
    noticed = flaw.noticed(report.complaints)
    print(f"Noticed {noticed} times" if noticed else "NOT NOTICED", flush=True)
    return 0 if noticed else 1


def main(words: list[str]) -> int:
    given = arguments(words)
    return broken(given.broken, FLAWS[given.broken], given.seed) if given.broken else full(given)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
