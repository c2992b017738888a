"""Manners towards each catalogue, shared by all workers and so kept in Redis: its rate limit, and its breaker."""

import functools
import logging
from typing import Any

import redis
from django.conf import settings
from redis.sentinel import Sentinel

BREAKER_AFTER = 5  # times unreachable in a row
BREAKER_SECONDS = 30
FAILURES_SECONDS = 300  # failures further apart are not in a row
LONGEST_REFUSAL = 600  # seconds; what a catalogue asks beyond that is asked again then

# One request each gap. Whoever comes too early is told when to come back: after all who were told so before, or
# everybody would come back for the same moment. A fifth of a gap too early is in time, for who comes back is never
# there to the millisecond; the rate stays what it is. The server's clock is the only one all workers share.
TAKE_TURN = """
local function later(key, value, now)
    redis.call('SET', key, string.format('%.0f', value), 'PX', math.ceil((value - now) / 1000) + 1000)
end
local time = redis.call('TIME')
local now, gap, spare = time[1] * 1000000 + time[2], tonumber(ARGV[1]), tonumber(ARGV[2])
local free = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), tonumber(redis.call('GET', KEYS[3]) or 0)) + spare
if free - now <= gap / 5 then
    later(KEYS[1], math.max(free, now) + gap, now)
    return 0
end
local turn = math.max(free, tonumber(redis.call('GET', KEYS[2]) or 0))
later(KEYS[2], turn + gap + spare, now)
return turn - now
"""

logger = logging.getLogger(__name__)


@functools.cache
def _redis() -> redis.Redis:
    patience = settings.REDIS_PATIENCE
    where = settings.REDIS
    if where.sentinels:
        sentinel: Any = Sentinel(where.sentinels, socket_timeout=patience)  # type: ignore[no-untyped-call]
        master: redis.Redis = sentinel.master_for(where.master, socket_timeout=patience)
        return master
    return redis.Redis.from_url(where.url, socket_timeout=patience, socket_connect_timeout=patience)


def key(source: str, what: str) -> str:
    return f"bookshelf:{source}:{what}"


def seconds_left_alone(source: str) -> float:
    """How long a catalogue is still to be left alone; 0 for not at all.

    Raises:
        redis.RedisError: without the limits' own memory nobody may ask.
    """
    return max(0, _redis().pttl(key(source, "breaker"))) / 1000


def seconds_to_wait(source: str) -> float:
    """Take this moment's turn at a catalogue, and give 0; or the seconds until one is likely to be free.

    Raises:
        redis.RedisError: as above.
    """
    return _take_turn(source, "queue", "free", 0)


def seconds_to_wait_behind_all(source: str) -> float:
    """The same for what nobody waits for: it has a line of its own behind the others', and leaves every second turn
    free, so that who comes next is rarely too early.

    Raises:
        redis.RedisError: as above.
    """
    return _take_turn(source, "imports", "queue", 1)


def _take_turn(source: str, line: str, ahead: str, spare: int) -> float:
    """`line`: in which others of this kind wait. `ahead`: who goes first. `spare`: turns to be left free."""
    gap = int(1_000_000 / settings.CATALOGUE_RATE)
    keys = [key(source, name) for name in ("free", line, ahead)]
    return float(_redis().eval(TAKE_TURN, 3, *keys, gap, spare * gap)) / 1_000_000


def heard(source: str, *, reachable: bool) -> None:
    """Count for the breaker; whatever the catalogue said, it was there to say it."""
    failures_key = key(source, "failures")
    try:
        if reachable:
            _redis().delete(failures_key)
            return
        failures = _redis().incr(failures_key)
        _redis().expire(failures_key, FAILURES_SECONDS)
        if failures >= BREAKER_AFTER:
            # Not where it has asked for longer itself.
            _redis().set(key(source, "breaker"), "open", ex=BREAKER_SECONDS, nx=True)
            logger.warning("%s failed %s times in a row; it is left alone for a while.", source, BREAKER_AFTER)
    except redis.RedisError as error:
        logger.warning("The breaker did not hear of an answer (%s); the next one counts.", error)


def refused(source: str, seconds: float) -> None:
    """The catalogue asks this installation, not one post of it, to stay away."""
    try:
        _redis().set(key(source, "breaker"), "open", px=int(1000 * min(seconds, LONGEST_REFUSAL)))
    except redis.RedisError as error:
        logger.warning("A refusal for %s s was heard by one post alone (%s).", seconds, error)
