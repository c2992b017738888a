"""Runs a campaign of faults and says in figures what came of it.

python -m tests.chaos [--postgres] [--seed N] [--posts N] [--readers N] [--authors N] [--seconds N] [--short]
"""

import argparse
import random
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ..postgres import Server, provided, server
from ..site import ROOT
from . import plan
from .campaign import Campaign


def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--postgres", action="store_true", help="on a PostgreSQL of its own instead of SQLite")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="replays what was drawn from it")
    parser.add_argument("--posts", type=int, default=560)
    parser.add_argument("--readers", type=int, default=56)
    parser.add_argument("--authors", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--short", action="store_true", help="the faults of the short form only")
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


def main(words: list[str]) -> int:
    given = arguments(words)
    counts = plan.SHORT if given.short else plan.FULL
    if not given.postgres:
        counts = {kind: count for kind, count in counts.items() if "PostgreSQL" not in kind}
    drawn = plan.make(
        given.seed,
        seconds=given.seconds,
        posts=given.posts,
        readers=given.readers,
        authors=given.authors,
        counts=counts,
    )
    replay = f"--seed {given.seed} --posts {given.posts} --readers {given.readers} --authors {given.authors}"
    replay += f" --seconds {given.seconds:g}{' --postgres' * given.postgres}{' --short' * given.short}"
    print(f"Chaos on {'PostgreSQL' if given.postgres else 'SQLite'}: {replay}", flush=True)
    with database(given.postgres) as running:
        campaign = Campaign(drawn, ROOT, running.url, running.restart) if running else Campaign(drawn, ROOT)
        report = campaign.run()
    print(report)
    if report.complaints:
        print(f"FAILED; logs are in {campaign.folder}")
        return 1
    shutil.rmtree(campaign.folder)
    print("passed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
