"""Caps on sockets: on how many are open, and on how fast they come."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
from pytest_django import Settings
from websockets.exceptions import ConnectionClosed

from updater.door import MINUTE, Rate, place_of

from ..site import AnotherWeb, Reader, Site


class TestOnTheWire:
    @pytest.fixture
    def web(self, site: Site) -> Iterator[AnotherWeb]:
        with site.another_web(SOCKETS_PER_ADDRESS="2", CONNECTS_PER_MINUTE="4", TRUSTED_PROXIES="1") as web:
            yield web

    def test_one_place_s_sockets_are_capped_and_so_is_their_rate(self, web: AnotherWeb) -> None:
        with ExitStack() as opened:
            for number in range(2):
                assert greeted(opened.enter_context(came_from(web, "198.51.100.7, 203.0.113.9"))), number
            for before_it in ("198.51.100.7", "203.0.113.10", "127.0.0.1", ""):
                with came_from(web, f"{before_it}, 203.0.113.9") as third:
                    assert third.closed() == 4029
            # Another place is not this one's concern, though it claims to be there.
            with came_from(web, "203.0.113.9, 198.51.100.7") as other:
                assert greeted(other)
        for _ in range(2):  # those that were turned away did not count
            come_in(web, "203.0.113.9")
        with came_from(web, "203.0.113.9") as fifth:
            assert fifth.closed() == 4029
        # Who came around the proxy is where the connection comes from.
        with web.reader() as direct:
            assert greeted(direct)


@contextmanager
def came_from(web: AnotherWeb, forwarded: str) -> Iterator[Reader]:
    with web.reader(headers={"X-Forwarded-For": forwarded}) as reader:
        yield reader


def come_in(web: AnotherWeb, forwarded: str) -> None:
    """Try until the server has seen that those before have gone; a client sees that they have sooner."""
    while True:
        with came_from(web, forwarded) as reader, suppress(ConnectionClosed):
            assert greeted(reader)
            return


def greeted(reader: Reader) -> bool:
    return bool(reader.next()["type"] == "hello")


class TestPlace:
    @pytest.mark.parametrize(
        ("proxies", "forwarded", "place"),
        [
            (0, [], "192.0.2.1"),
            (0, ["203.0.113.9"], "192.0.2.1"),
            (1, [], "192.0.2.1"),
            (1, ["203.0.113.9"], "203.0.113.9"),
            (1, ["198.51.100.7, 203.0.113.9"], "203.0.113.9"),
            (1, ["198.51.100.7", "203.0.113.9"], "203.0.113.9"),
            (2, ["198.51.100.7 ,203.0.113.9"], "198.51.100.7"),
            (2, ["203.0.113.9"], "192.0.2.1"),
            (1, ["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::/64"),
            (1, ["2001:db8:1:2::7"], "2001:db8:1:2::/64"),
            (1, ["::ffff:203.0.113.9"], "203.0.113.9"),
            (1, ["203.0.113.9:5678"], "203.0.113.9"),
            (1, ["[2001:db8:1:2::7]:5678"], "2001:db8:1:2::/64"),
            (1, ["[2001:db8:1:2::7]"], "2001:db8:1:2::/64"),
            (1, ["unknown"], "unknown"),
            (1, [""], ""),
        ],
    )
    def test_it_is_what_the_outermost_proxy_of_ours_has_seen(
        self, settings: Settings, proxies: int, forwarded: list[str], place: str
    ) -> None:
        settings.TRUSTED_PROXIES = proxies
        headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
        assert place_of({"client": ["192.0.2.1", 5000], "headers": [(b"host", b"x"), *headers]}) == place

    def test_on_a_unix_socket_all_come_from_one(self, settings: Settings) -> None:
        assert place_of({"client": None, "headers": []}) == ""


class TestRate:
    def test_a_minute_s_worth_may_come_at_once_and_the_rest_at_an_even_pace(self, settings: Settings) -> None:
        settings.CONNECTS_PER_MINUTE = 6
        rate = Rate()
        assert [rate.admits("a", 100) for _ in range(7)] == [True] * 6 + [False]
        assert rate.admits("b", 100)
        assert not rate.admits("a", 109.9)
        assert rate.admits("a", 110)
        assert not rate.admits("a", 110)
        assert [rate.admits("a", 200) for _ in range(7)] == [True] * 6 + [False]

    def test_places_are_forgotten_once_they_could_do_as_they_like_again(self, settings: Settings) -> None:
        settings.CONNECTS_PER_MINUTE = 6
        rate = Rate()
        for number in range(100):
            assert rate.admits(str(number), 100)
        assert rate.admits("new", 100 + MINUTE + 1)
        assert len(rate._used_until) == 1

    def test_nought_is_no_limit(self, settings: Settings) -> None:
        settings.CONNECTS_PER_MINUTE = 0
        rate = Rate()
        assert all(rate.admits("a", 100) for _ in range(1000))
