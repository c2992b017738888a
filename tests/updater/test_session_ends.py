"""Whoever stops being logged in is no longer told what is theirs alone, also at a socket that stays open."""

import pytest
from playwright.async_api import Browser, expect
from websockets.exceptions import ConnectionClosed

from ..conftest import Visit, be, live
from ..site import Reader, Site, Visitor

OLD, NEW = "correct horse battery", "staple after staple"


@pytest.fixture
def author(site: Site) -> Visitor:
    return site.author()


def hears_of_own(reader: Reader, author: Visitor) -> bool:
    """Whether a socket is told how far a new post of the author's has come, and not only that it is there."""
    post_id = author.write("Whose")
    kinds = set()
    while "update_notice" not in kinds:
        message = reader.next()
        if message.get("new_id") == post_id:
            kinds.add(message["type"])
    return "progress" in kinds


def test_logging_out_closes_the_sockets_of_that_session_alone(site: Site, author: Visitor) -> None:
    elsewhere = site.visitor()
    elsewhere.post("/accounts/login/", login=author.name, password=OLD)
    with (
        site.reader(person=author) as own,
        site.reader(person=author) as other_tab,
        site.reader(person=elsewhere) as other_device,
        site.reader() as stranger,
    ):
        for reader in (own, other_tab, other_device, stranger):
            assert reader.next()["type"] == "hello"
        assert author.post("/accounts/logout/").status == 302
        assert own.closed() == 4501
        assert other_tab.closed() == 4501
        assert hears_of_own(other_device, elsewhere)
        assert stranger.next()["type"] == "update_notice"
    with site.reader(person=author) as back:
        assert not hears_of_own(back, elsewhere)


def test_a_changed_password_closes_all_of_them_and_its_owner_is_back_after_one_reconnect(
    site: Site, author: Visitor
) -> None:
    elsewhere = site.visitor()
    elsewhere.post("/accounts/login/", login=author.name, password=OLD)
    with site.reader(person=author) as own, site.reader(person=elsewhere) as thief:
        for reader in (own, thief):
            assert reader.next()["type"] == "hello"
        changed = author.post("/accounts/password/change/", oldpassword=OLD, password1=NEW, password2=NEW)
        assert changed.status == 302
        assert own.closed() == 4501
        assert thief.closed() == 4501
    with site.reader(person=author) as own, site.reader(person=elsewhere) as thief:
        assert hears_of_own(own, author)
        assert thief.next()["type"] == "hello"
        assert thief.next()["type"] == "update_notice"


@pytest.mark.parametrize("end", ["update(is_active=False)", "delete()", "get().set_password('x')"])
def test_whoever_an_operator_locks_out_is_out(site: Site, author: Visitor, end: str) -> None:
    with site.reader(person=author) as reader:
        assert reader.next()["type"] == "hello"
        change = f"people = User.objects.filter(username={author.name!r}); person = people.get(); people.{end}"
        if "password" in end:
            change = f"person = User.objects.get(username={author.name!r}); person.set_password('x'); person.save()"
        site.manage("shell", "-c", f"from django.contrib.auth.models import User; {change}")
        assert reader.closed() == 4501
    with site.reader(person=author) as anonymous:
        assert anonymous.next()["type"] == "hello"


def test_a_session_that_runs_out_closes_its_sockets(site: Site, author: Visitor) -> None:
    with site.reader(person=author) as reader:
        assert reader.next()["type"] == "hello"
        key = next(cookie.value for cookie in author.cookies if cookie.name == "sessionid")
        code = "from django.contrib.sessions.models import Session; from django.utils.timezone import now;"
        site.manage("shell", "-c", f"{code} Session.objects.filter(session_key={key!r}).update(expire_date=now())")
        assert reader.closed() == 4501


def test_a_person_s_sockets_are_capped_wherever_they_come_from(site: Site, author: Visitor) -> None:
    with site.another_web(SOCKETS_PER_ADDRESS="2", TRUSTED_PROXIES="1") as web:
        places = [{"X-Forwarded-For": f"203.0.113.{number}"} for number in range(4)]
        with web.reader(person=author, headers=places[0]) as one, web.reader(person=author, headers=places[1]) as two:
            for reader in (one, two):
                assert reader.next()["type"] == "hello"
            elsewhere = site.visitor()
            elsewhere.post("/accounts/login/", login=author.name, password=OLD)
            for person in (author, elsewhere):  # by a session that is known here, and by one that is not
                with web.reader(person=person, headers=places[2]) as third:
                    assert third.closed() == 4029
            with web.reader(headers=places[3]) as somebody:
                assert somebody.next()["type"] == "hello"
            one.connection.close()
            with pytest.raises(ConnectionClosed):
                one.next()


async def test_a_page_is_live_again_after_its_owner_changed_the_password_in_another_tab(
    visit: Visit, browser: Browser, site: Site, author: Visitor
) -> None:
    context = await browser.new_context()
    await be(author, context)
    mine, other = await context.new_page(), await context.new_page()
    sockets: list[str] = []
    mine.on("websocket", lambda socket: sockets.append(socket.url))
    await mine.goto(site.url + "/mine/")
    await live(mine)
    await other.goto(site.url + "/accounts/password/change/")
    await other.get_by_label("Current Password").fill(OLD)
    await other.get_by_label("New Password", exact=True).fill(NEW)
    await other.get_by_label("New Password (again)").fill(NEW)
    async with mine.expect_websocket():
        await other.get_by_role("button", name="Change password").click()
    await live(mine)
    await other.goto(site.url + "/posts/new/")
    await other.get_by_label("Title").first.fill("Still mine")
    await other.get_by_label("Your post").fill("Four evenings.")
    await other.get_by_role("button", name="Publish").click()
    await expect(mine.get_by_text("Still mine").first).to_be_visible()
    assert len(sockets) == 2
