"""Covers from outside."""

from posts.pictures import MOST_BYTES, Cover, NotACover, decode, store

from .outside import NotFound, Outside


def fetch(outside: Outside, url: str) -> Cover:
    """Fetch a cover and store it.

    Raises:
        NotFound: there is none, or what is there is no picture of a cover.
        Refused, Unreachable.
    """
    data = outside.get(url, MOST_BYTES)
    try:
        return store(decode(data))
    except NotACover as error:
        raise NotFound(str(error)) from error
