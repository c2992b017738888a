"""Copies of the site with one promise taken out each: a campaign that does not notice is worth nothing."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..site import ROOT
from .plan import HASTY, Counts, Plan, make

CODE = ("bookshelf", "posts", "updater", "tasks", "templates", "static", "manage.py")
READERS = 12


@dataclass(frozen=True)
class Flaw:
    """`old` and `new`: what stands in `file`, exactly once, and what is put in its place. `complaint`: what has to
    come of it, the beginning of one. The rest is the campaign that provokes it."""

    file: str
    old: str
    new: str
    complaint: str
    counts: Counts
    posts: int
    authors: int
    seconds: float
    hasty: float = HASTY
    postgres: bool = False  # where SQLite, which has one writer, cannot show it

    def plan(self, seed: int) -> Plan:
        return make(
            seed,
            seconds=self.seconds,
            posts=self.posts,
            readers=READERS,
            authors=self.authors,
            counts=self.counts,
            hasty=self.hasty,
        )

    def noticed(self, complaints: list[str]) -> int:
        """How many of a campaign's complaints are about this."""
        return sum(complaint.startswith(self.complaint) for complaint in complaints)


FLAWS = {
    # Whoever has lost its claim finishes all the same.
    "fence": Flaw(
        "posts/outbox.py",
        "filter(pk=self.pk, token=self.token, state=State.PROCESSING)",
        "filter(pk=self.pk)",
        "lost: post",
        {"catalogue: slow": 1},
        posts=120,
        authors=10,
        seconds=22,
        hasty=0.8,
    ),
    # A number is given out, and another may be, before the transaction that it is for is committed; that takes a
    # moment here, as on a busy disk.
    "lock": Flaw(
        "updater/log.py",
        "    head = _next()\n",
        "    from concurrent.futures import ThreadPoolExecutor\n"
        '    _other = globals().setdefault("_other", ThreadPoolExecutor(1))\n'
        "    head = _other.submit(_next).result()\n"
        "    __import__('time').sleep(0.05 * (subject % 3))\n",
        "lost: reader",
        {},
        posts=150,
        authors=20,
        seconds=12,
        postgres=True,
    ),
    # What no bell tells of is never looked for.
    "tick": Flaw(
        "updater/hub.py",
        "        async with self._lock:\n            await self._catch_up()\n        await self._subscribe()",
        "        await self._subscribe()",
        "lost: reader",
        {},
        posts=12,
        authors=6,
        seconds=2,
    ),
}


@contextmanager
def copy(flaw: Flaw) -> Iterator[Path]:
    """The folder of a copy with that flaw, for as long as the block lasts."""
    folder = Path(tempfile.mkdtemp(prefix="bookshelf-broken-"))
    try:
        for name in CODE:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, folder / name)
            else:
                shutil.copy2(ROOT / name, folder / name)
        text = (folder / flaw.file).read_text()
        assert text.count(flaw.old) == 1, f"{flaw.file} does not read as it did:\n{flaw.old}"
        (folder / flaw.file).write_text(text.replace(flaw.old, flaw.new))
        yield folder
    finally:
        shutil.rmtree(folder)
