"""One campaign from beginning to end, and what came of it in figures."""

import asyncio
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ..catalogue import Catalogue, picture
from .audit import DEADLINE, Audit, Truth, head, is_settled
from .authors import Author, Ledger
from .complaints import KINDS, Complaints
from .faults import Faults
from .machine import Machine
from .plan import KILLS, Act, Plan
from .readers import Reader, cut_off

SETTLING = 90.0  # seconds: a lease, a deadline and some sweeps
SHOWN = 40  # complaints
LOST = ("cut", "closed", "not connected")  # what readers note of their connections


@dataclass(frozen=True)
class Report:
    complaints: list[str]
    figures: dict[str, object]

    def __str__(self) -> str:
        width = max(map(len, self.figures))
        lines = [f"  {name:{width}}  {value}" for name, value in self.figures.items()]
        more = len(self.complaints) - SHOWN
        lines += [f"  ! {complaint}" for complaint in self.complaints[:SHOWN]]
        lines += [f"  ! … and {more} more"] if more > 0 else []
        return "\n".join(lines)


class Campaign:
    """A plan, and the site that it is carried out on.

    Args:
        root: the folder of the code that runs.
        folder: where its data and logs stand, and stay; a short one, for there are Unix sockets in it.
        database: DATABASE_URL; None for SQLite.
        restart_database: as in Faults.
        arriving: seconds that readers are given to hear of the last notice.
    """

    def __init__(
        self,
        plan: Plan,
        root: Path,
        folder: Path,
        database: str | None = None,
        restart_database: Callable[[str], None] | None = None,
        arriving: float = 20.0,
    ) -> None:
        self.plan = plan
        self.folder = folder
        self._root = root
        self._database = database
        self._restart_database = restart_database
        self._arriving = arriving
        self._complaints = Complaints()

    def run(self) -> Report:
        with Catalogue() as catalogue, asyncio.Runner() as runner:
            for number, isbn in enumerate(self.plan.shelf.with_cover):
                catalogue.add(isbn, f"Covered {isbn}", cover=picture(colour=f"#{number * 7919 % 0xFFFFFF:06x}"))
            for isbn in self.plan.shelf.without_cover:
                catalogue.add(isbn, f"Bare {isbn}")
            for title in self.plan.shelf.titles:
                catalogue.add_work(title, "Tove Jansson", cover=picture())
            machine = Machine(
                self._root,
                self.folder,
                self._database,
                OPENLIBRARY_URL=catalogue.url,
                COVERS_URL=catalogue.url,
                ENRICH_DEADLINE=f"{DEADLINE:.0f}",
            )
            try:
                return runner.run(self._run(machine, Faults(machine, catalogue, self._restart_database)))
            finally:
                machine.end()

    async def _run(self, machine: Machine, faults: Faults) -> Report:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(100))
        started = time.monotonic()
        await machine.start()
        ledger = Ledger(self._complaints)
        authors = [Author(f"author{number}", machine, ledger) for number in range(len(self.plan.authors))]
        await asyncio.gather(*(author.sign_up() for author in authors))
        await authors[0].write(Act(0, "write", -1, "The first of all", {}, "first"))
        await self._settle(machine)
        readers = [self._reader(number, machine) for number in range(self.plan.readers)]
        await asyncio.gather(*(reader.open_page() for reader in readers))
        following = [asyncio.create_task(reader.follow()) for reader in readers]

        begin = time.monotonic()
        async with asyncio.TaskGroup() as group:
            group.create_task(faults.run(self.plan, begin))
            group.create_task(cut_off(readers, self.plan.cuts, begin))
            for author, acts in zip(authors, self.plan.authors, strict=True):
                group.create_task(author.live(acts, begin))
        end = time.monotonic()
        settled = await self._settle(machine)
        # From here on nothing is published: late covers would move the target.
        swept = time.time()
        await machine.rest("worker-1", "worker-2", "sweep", "beat")
        # The last word is said without a bell, so that only the log can bring it to anybody.
        await machine.rest("valkey")
        for author, act in zip(authors, self.plan.last, strict=True):
            await author.live([act], begin)
        arrived = await self._arrive(machine, readers)
        await asyncio.gather(*(author.check_in() for author in authors))
        for task in following:
            task.cancel()
        for outcome in await asyncio.gather(*following, return_exceptions=True):
            if not isinstance(outcome, asyncio.CancelledError):
                self._complaints.add("broken", repr(outcome))
        audit = Audit(Truth.of(machine.database), ledger, readers, machine.incidents, swept)
        audit.check()
        spans = {"start": begin - started, "faults": end - begin, "settling": settled, "arriving": arrived}
        return self._report(machine, faults, ledger, readers, audit, spans)

    def _reader(self, number: int, machine: Machine) -> Reader:
        rng = random.Random(f"{self.plan.seed} {number}")
        return Reader(f"reader {number}", machine.urls, rng, self._complaints)

    async def _settle(self, machine: Machine) -> float:
        """Wait until all is published that is to be, or for too long; the seconds that it took."""
        begin = time.monotonic()
        while time.monotonic() < begin + SETTLING:
            if await asyncio.to_thread(is_settled, machine.database):
                break
            await asyncio.sleep(0.2)  # between two looks
        return time.monotonic() - begin

    async def _arrive(self, machine: Machine, readers: list[Reader]) -> float:
        begin = time.monotonic()
        last = await asyncio.to_thread(head, machine.database)
        for reader in readers:
            reader.hurry()
        while time.monotonic() < begin + self._arriving and any(reader.place != last for reader in readers):  # noqa: ASYNC110
            await asyncio.sleep(0.1)  # between two looks
        return time.monotonic() - begin

    def _report(
        self,
        machine: Machine,
        faults: Faults,
        ledger: Ledger,
        readers: list[Reader],
        audit: Audit,
        spans: dict[str, float],
    ) -> Report:
        heard = sum((reader.heard for reader in readers), Counter[str]())
        kinds = Counter(entry.kind for reader in readers for book in reader.books for entry in book.entries)
        died = {name: kept.died for name, kept in machine.kept.items() if kept.died}
        counts = self._complaints.counts
        figures: dict[str, object] = {
            "posts accepted": len(ledger.posts),
            "posts published": audit.published,
            "posts deleted": audit.deleted,
            "edits, comments, likes": _said(
                {
                    "edits": sum(len(post.at) - 1 for post in ledger.posts.values()),
                    "comments": len(ledger.comments),
                    "likes": ledger.likes,
                }
            ),
            "forms sent again": ledger.repeated,
            "faults": faults.done.total(),
            "kills": sum(faults.done[kind] for kind in KILLS),
            **{f"  {kind}": count for kind, count in sorted(faults.done.items())},
            "ended by themselves": _said(died) or "none",
            "readers": len(readers),
            "connections": heard["connected"],
            "  lost": _said(
                {name: heard[name] for name in sorted(heard) if name.startswith(("cut", "closed", "not "))}
            ),
            "  polled": heard["polled"],
            "resets": heard["reset"],
            "notices received": _said(kinds),
            **{kind: counts[kind] for kind in KINDS},
            "slowest save": f"{max(ledger.saves, default=0):.2f} s",
            "saved to published": _waits(audit.waits),
            "seconds": _said({name: round(value) for name, value in spans.items()}),
        }
        return Report(list(self._complaints), figures)


def _said(figures: dict[str, object] | Counter[str] | dict[str, int] | dict[str, list[int]]) -> str:
    return ", ".join(f"{name} {value}" for name, value in figures.items())


def _waits(waits: list[float]) -> str:
    if not waits:
        return "never"
    ordered = sorted(waits)
    late = ordered[int(len(ordered) * 0.99)]
    return f"median {statistics.median(ordered):.2f} s, 99% {late:.2f} s, slowest {ordered[-1]:.2f} s"
