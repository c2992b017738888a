"""A reader's place in the notice log, as the text that pages and clients carry without reading it."""

import re
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Cursor:
    """All up to `number` is delivered.

    `known` is the place from which the notices were read. It is less than `number` in the midst of a read of several:

    1. Post 7 is announced at 11, post 8 at 12, then post 7 changes: the log holds 8 at 12 and 7 at 13.
    2. A reader at 10 is sent both, and its connection breaks between them.
    3. It comes back with 12. It has never heard of post 7, though that was announced at 11: for the kind of
       what follows, 10 is what counts.
    """

    epoch: str
    number: int
    known: int

    def __str__(self) -> str:
        place = f"{self.epoch}-{self.number}"
        return place if self.known == self.number else f"{place}-{self.known}"

    @classmethod
    def at(cls, epoch: str, number: int) -> Self:
        return cls(epoch, number, number)

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """None where no cursor of ours reads like that."""
        match = re.fullmatch(r"([0-9a-f]{8})-([0-9]{1,18})(?:-([0-9]{1,18}))?", text, re.ASCII)
        if not match:
            return None
        number, known = int(match[2]), int(match[3] or match[2])
        return cls(match[1], number, known) if known <= number else None
