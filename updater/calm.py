"""Remembers that a Redis just failed, so that not everybody waits for it in turn."""

import time

QUIET = 10.0  # seconds


class Calm:
    """For one kind of call in this process."""

    def __init__(self) -> None:
        self._quiet_until = 0.0  # monotonic

    def failed(self) -> None:
        self._quiet_until = time.monotonic() + QUIET

    @property
    def quiet(self) -> bool:
        """Whether a call failed so shortly ago that the next one had better not be tried."""
        return time.monotonic() < self._quiet_until
