"""Whatever was not as it was promised, one line each."""

from collections import Counter

KINDS = ("lost", "duplicated", "out of order", "late", "slow", "refused", "logged out", "stuck", "broken")


class Complaints(list[str]):
    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def add(self, kind: str, what: str) -> None:
        assert kind in KINDS
        self.counts[kind] += 1
        self.append(f"{kind}: {what}")
