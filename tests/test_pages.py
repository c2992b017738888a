"""All pages, of strangers and of who is logged in: nobody is kept out, nothing is too wide, and all of it is HTML."""

import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import ConsoleMessage, Page, ViewportSize

from . import markup
from .catalogue import picture
from .conftest import Visit
from .site import Site, Visitor

WIDE: ViewportSize = {"width": 1100, "height": 800}
NARROW: ViewportSize = {"width": 320, "height": 800}
SCHEMES: dict[Literal["light", "dark"], dict[str, object]] = {
    "light": {},
    "dark": {"runOnly": ["color-contrast"]},  # nothing else depends on it
}


class Shelf:
    """Something of everything that pages show, and the addresses where they do."""

    def __init__(self, site: Site) -> None:
        # As long as a name and a title may be, and nowhere to break them.
        self.author = author = site.visitor().sign_up(f"{'w' * 22}{secrets.token_hex(4)}")
        title = f"Mystery {'W' * 192}"
        text = "# One\n\nIt was ||the **butler**||, [they say](https://a.example).\n\n> And\n\n1. x\n\n```\ncode\n```"
        with site.reader() as reader:
            about = author.write(title, text, isbn=site.catalogue.add_new(cover=picture()), tags="sea 読書")
            spoiler = author.write("All of it", spoiler="on")
            reader.until(about, spoiler)
        author.post(f"/posts/{about}/comments/", body="Well, ||yes||.")
        other = site.author()
        other.post(f"/posts/{about}/comments/", body="No.")
        site.catalogue.hold()
        waiting = author.write("Still to come", isbn=site.catalogue.add_new())
        post = author.get(f"/posts/{about}/").headers["location"]
        said = author.get(post).text
        book = re.search(r'href="(/books/[^"]+)"', said)
        comment = re.search(r"/comments/[0-9]+/edit/", said)
        number = book and re.search("[0-9]+", book[1])
        assert number
        assert book
        assert comment
        self.to_all = ["/", post, f"/posts/{spoiler}/all-of-it/", book[1], f"/authors/{author.name}/", "/nothing/"]
        self.to_all += [f"/posts/{about}/comments/", "/tags/sea/", "/search/", "/search/?q=mystery"]
        self.to_strangers = ["/accounts/login/", "/accounts/signup/", "/accounts/inactive/", "/accounts/confirm-email/"]
        reset = "/accounts/password/reset"
        self.to_strangers += [f"{reset}/", f"{reset}/done/", f"{reset}/key/1-used/", f"{reset}/key/done/"]
        author.post("/drafts/", draft="a1", title="Begun")
        self.to_its_author = [
            "/mine/",
            "/drafts/",
            f"/books/{number[0]}/edit/",
            "/drafts/a1/delete/",
            "/following/",
            "/notifications/",
            "/posts/new/",
            f"/posts/{waiting}/",
            f"/posts/{about}/edit/",
        ]
        self.to_its_author += [f"/posts/{about}/delete/", f"/posts/{about}{comment[0]}", "/accounts/logout/"]
        self.to_its_author += self.kept_in_order(site, other, about)
        self.to_its_author += ["/accounts/email/", "/accounts/password/change/", "/accounts/reauthenticate/"]
        self.to_its_author += ["/accounts/2fa/", "/accounts/2fa/webauthn/", "/accounts/sessions/"]

    def kept_in_order(self, site: Site, other: Visitor, about: int) -> list[str]:
        """Where the same author reports what another has posted, moderates, and sees of their own what was hidden."""
        with site.reader() as reader:
            theirs, own = other.write("Shoes", "**Buy** them."), self.author.write("Hidden")
            reader.until(theirs, own)
        comment = re.search(
            r"/report/posts/[0-9]+/comments/([0-9]+)/", self.author.get(f"/posts/{about}/comments/").text
        )
        assert comment
        for address in (f"posts/{theirs}", f"posts/{about}/comments/{comment[1]}"):
            self.author.post(f"/report/{address}/", reason="An advertisement.")
        site.make_moderator(self.author)
        things = [f"/moderation/posts/{own}/", f"/moderation/comments/{comment[1]}/"]
        for thing in things:
            self.author.post(thing, deed="hide", reason="As an example.")
        person = re.search(r"/moderation/people/[0-9]+/", self.author.get(f"/moderation/posts/{theirs}/").text)
        assert person
        desk = ["/moderation/", "/moderation/acts/", "/moderation/posts/", "/moderation/comments/", person[0]]
        return [f"/posts/{own}/hidden/", f"/report/posts/{theirs}/", f"/moderation/posts/{theirs}/", *things, *desk]

    def addresses(self, person: Visitor | None) -> list[str]:
        return [*self.to_all, *(self.to_its_author if person else self.to_strangers)]


@pytest.fixture
def shelf(site: Site) -> Iterator[Shelf]:
    yield Shelf(site)
    site.catalogue.release()


@pytest.mark.parametrize("logged_in", [False, True])
async def test_nobody_is_kept_out_and_nothing_is_too_wide_or_stopped(
    visit: Visit, shelf: Shelf, logged_in: bool
) -> None:
    person = shelf.author if logged_in else None
    page = await visit("/", person)
    found = []

    def note(message: ConsoleMessage) -> None:
        if not message.text.startswith("[DOM]") and "404" not in message.text:  # its advice on forms; what is not there
            found.append(f"{page.url}: {message.text}")

    page.on("console", note)
    for address in shelf.addresses(person):
        await page.goto(shelf.author.url + address)
        for scheme, rules in SCHEMES.items():
            await page.emulate_media(color_scheme=scheme)
            found += [f"{address}, {scheme}: {each}" for each in await barriers(page, rules)]
        for window in (NARROW, WIDE):
            await page.set_viewport_size(window)
            if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append(f"{address} is too wide for {window['width']}")
    assert found == []


async def barriers(page: Page, rules: dict[str, object]) -> list[str]:
    """What axe finds: rules, each with the first element that breaks it."""
    found = (await Axe().run(page, options={"resultTypes": ["violations"], **rules})).response["violations"]
    return [f"{each['help']}: {each['nodes'][0]['html']}" for each in found]


def test_every_page_is_html(site: Site, shelf: Shelf, tmp_path: Path) -> None:
    if not markup.is_there():
        complaint = "no HTML checker was found, and none could be installed"
        if os.environ.get("CI"):
            pytest.fail(complaint)
        pytest.skip(complaint)
    answers = [
        visitor.get(address)
        for visitor, person in ((site.visitor(), None), (shelf.author, shelf.author))
        for address in shelf.addresses(person)
    ]
    answers.append(shelf.author.post("/posts/new/", title="", body="", isbn="12"))
    answers.append(shelf.author.post("/posts/new/", title="a", body="**b** ||c||", preview="yes"))
    files = []
    for number, answer in enumerate(answers):
        assert answer.headers["content-type"].startswith("text/html")
        files.append(tmp_path / f"{number}.html")
        files[-1].write_text(answer.text)
    assert markup.complaints(files) == []
