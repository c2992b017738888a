"""The parts that the tests share: a Valkey of their own, a catalogue on loopback, the running site, a browser."""

import os
import re
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from datetime import timedelta
from typing import Self

import pytest
import pytest_asyncio
import redis
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone, translation
from playwright.async_api import Browser, BrowserContext, Page, WebSocketRoute, async_playwright, expect
from pytest_django import DjangoDbBlocker, Settings

from bookshelf import environment, valkey
from posts.models import Post, Step
from posts.outbox import State
from posts.tags import keep_tags
from tasks.receivers import hands

from . import databases
from .catalogue import Catalogue
from .chromium import find_chromium
from .environment import FOLDER
from .site import Site, Visitor

# --- inside this process ---------------------------------------------------------------------------


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[None]:
    """The server that this process's settings name."""
    server = valkey.find_server()
    assert server
    socket = environment.socket_folder(FOLDER) / "valkey.sock"
    process = subprocess.Popen(valkey.command(server, socket, FOLDER / "valkey"), stdout=subprocess.DEVNULL)
    with redis.Redis.from_url(settings.REDIS.url) as client:
        while not answers(client):
            assert process.poll() is None
            time.sleep(0.01)  # between two looks; it tells nobody when it listens
    yield
    process.terminate()
    process.wait()


def answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def hand_over() -> None:
    """Return when every post that was saved so far has been handed to the queue."""
    hands.submit(lambda: None).result()


@pytest.fixture
def broker(valkey_server: None) -> Iterator[redis.Redis]:
    """Valkey, empty."""
    hand_over()
    with redis.Redis.from_url(settings.REDIS.url) as client:
        client.flushall()
        yield client


@pytest.fixture
def catalogue(settings: Settings) -> Iterator[Catalogue]:
    """A catalogue that this process's settings name, with no limit to speak of."""
    with Catalogue() as server:
        settings.OPENLIBRARY_URL = settings.COVERS_URL = server.url
        settings.EXPLICIT_CATALOGUES = [server.url]
        settings.CATALOGUE_RATE = 1000
        yield server


@pytest.fixture
def google(catalogue: Catalogue, settings: Settings) -> Iterator[Catalogue]:
    """The fallback, on a server of its own and with its key set."""
    with Catalogue() as server:
        settings.GOOGLE_BOOKS_KEY = "open-sesame"
        settings.GOOGLE_BOOKS_URL, settings.GOOGLE_COVERS_URL = f"{server.url}/books/v1", server.url
        settings.EXPLICIT_CATALOGUES = [catalogue.url, server.url]
        yield server


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """A request leaves its reader's language behind in its thread; the next test is none of theirs."""
    yield
    translation.deactivate()


@pytest.fixture(scope="session")
def password() -> str:
    """Everybody's, hashed once: that takes half a second, as it should."""
    return make_password("correct horse battery")


@pytest.fixture
def ann(db: None, password: str) -> User:
    return User.objects.create(username="ann", email="ann@example.org", password=password)


@pytest.fixture
def bob(db: None, password: str) -> User:
    return User.objects.create(username="bob", email="bob@example.org", password=password)


MakePost = Callable[..., Post]


@pytest.fixture
def make_post(ann: User, valkey_server: None) -> MakePost:
    """A post of Ann's as the form saves it."""

    def make(**columns: object) -> Post:
        post = Post(**({"author": ann, "title": "On reading slowly", "body": "Four evenings."} | columns))
        post.submit()
        return post

    return make


@pytest.fixture
def make_published(make_post: MakePost) -> MakePost:
    """A post of Ann's as readers see it; `minutes_ago` says since when."""

    def make(minutes_ago: int = 0, **columns: object) -> Post:
        post = make_post(**columns)
        post.state, post.step, post.due_at = State.DONE, Step.PUBLISHED, None
        post.slug, post.shown_title, post.html = "on-reading-slowly", post.title, "<p>Four evenings.</p>"
        post.shown_tags = post.tags
        post.published_at = timezone.now() - timedelta(minutes=minutes_ago)
        post.save()
        keep_tags(post, post.published_at, is_new=True)
        return post

    return make


# --- the running site ------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """pytest-django's; and sites on SQLite begin with a copy of what it has made."""
    if connection.vendor == "sqlite":
        with django_db_blocker.unblock():
            connection.ensure_connection()
            databases.keep_empty(connection.connection)


@pytest.fixture(scope="session")
def running_site(django_db_setup: None) -> Iterator[Site]:
    with Catalogue() as catalogue, Site(catalogue) as site:
        yield site


@pytest.fixture
def site(running_site: Site) -> Site:
    """The whole site as `make run` serves it, its catalogue as good as new."""
    running_site.catalogue.behave()
    return running_site


@pytest.fixture(scope="session")
def battered_site(django_db_setup: None) -> Iterator[Site]:
    with Catalogue() as catalogue, Site(catalogue) as site:
        yield site


@pytest.fixture
def own_site(battered_site: Site) -> Site:
    """The same for a test that breaks parts of it, and puts them right again; nothing of the one before is left."""
    battered_site.catalogue.behave()
    with redis.Redis.from_url(battered_site.redis_url) as limits:
        for left in limits.scan_iter("bookshelf:*"):
            limits.delete(left)
    author = battered_site.author()
    with battered_site.reader() as reader:
        while True:
            post_id = author.write("Is all well again?")
            reader.until(post_id)
            # Else who hands posts over still remembers that the broker failed.
            if f"Post {post_id} is left to the sweep" not in battered_site.log("web"):
                return battered_site


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Whoever reads of a failure reads what the site said, too."""
    report = yield
    fixtures = item.funcargs.values() if isinstance(item, pytest.Function) else []
    for site in {one for one in fixtures if isinstance(one, Site)} if report.when == "call" and report.failed else ():
        for program in ("web", "worker", "imports", "sweep"):
            report.sections.append((f"the end of {program}.log", site.log(program)[-5_000:]))
    return report


# Groups of tests that wait more than they work, so that each takes one process from the beginning on, while the others
# keep the processors busy.
WAITING = ("own_site", "own_processes", "clock", "deploy")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests with a browser share its event loop; those that break a site share that, in one process. What takes long
    goes first, or one process would have some of it left when all others are done."""
    for item in items:
        fixtures = item.fixturenames if isinstance(item, pytest.Function) else []
        if "chromium" in fixtures:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
        if "own_site" in fixtures:
            item.add_marker(pytest.mark.xdist_group("own_site"), append=False)
    items.sort(key=turn)


def turn(item: pytest.Item) -> int:
    group = item.get_closest_marker("xdist_group")
    if group:
        return WAITING.index(group.args[0])
    has_site = isinstance(item, pytest.Function) and "running_site" in item.fixturenames
    return len(WAITING) + (0 if has_site else 1)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """One process for all tests: to start it takes a second."""
    path = find_chromium()
    if path is None:
        complaint = "no Chromium was found, and none could be installed"
        if os.environ.get("CI"):
            pytest.fail(complaint)
        pytest.skip(complaint)  # a machine where none can be had may still run the rest
    async with async_playwright() as playwright:
        # As root, as in a container, Chromium's own sandbox cannot be had; it visits loopback alone.
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-quic"])
        yield browser
        await browser.close()


# A bound, for machines that have much else to do; what is there is seen at once.
expect.set_options(timeout=30_000)


@pytest_asyncio.fixture(loop_scope="session")
async def browser(chromium: Browser) -> AsyncIterator[Browser]:
    """A browser that nobody has used: what a test opens in it is closed after it."""
    yield chromium
    for context in list(chromium.contexts):
        await context.close()


Visit = Callable[..., Awaitable[Page]]


@pytest.fixture
def visit(browser: Browser, site: Site) -> Visit:
    """Open a page of the site in a browser of its own, of somebody who is logged in where `person` is given."""

    async def open_page(path: str, person: Visitor | None = None) -> Page:
        context = await browser.new_context()
        if person:
            await be(person, context)
        page = await context.new_page()
        page.on("pageerror", lambda error: pytest.fail(f"{path}: {error}"))
        await page.goto(site.url + path)
        return page

    return open_page


async def be(person: Visitor, context: BrowserContext) -> None:
    """Let a browser be logged in as somebody is."""
    for cookie in person.cookies:
        await context.add_cookies([{"name": cookie.name, "value": cookie.value or "", "url": person.url}])


class Line:
    """A browser's way to the site, which can be cut: its sockets close, and nothing else gets through."""

    def __init__(self, context: BrowserContext) -> None:
        self._context = context
        self._sockets: list[WebSocketRoute] = []
        self._is_cut = False

    @classmethod
    async def of(cls, context: BrowserContext) -> Self:
        line = cls(context)
        await context.route_web_socket(re.compile("/ws/"), line._connect)
        return line

    async def _connect(self, socket: WebSocketRoute) -> None:
        if self._is_cut:
            await socket.close(code=CUT)
        else:
            socket.connect_to_server()
            self._sockets.append(socket)

    async def cut(self) -> None:
        self._is_cut = True
        await self._context.set_offline(True)
        for socket in self._sockets:
            await socket.close(code=CUT)
        self._sockets.clear()

    async def mend(self) -> None:
        self._is_cut = False
        await self._context.set_offline(False)


CUT = 4000  # Playwright gives no other code that a page takes for a broken connection


async def live(page: Page) -> Page:
    await expect(page.locator("[data-state=live]")).to_be_visible()
    return page


async def sign_up(page: Page, username: str) -> None:
    await page.get_by_role("link", name="Sign up").click()
    await page.get_by_label("Username").fill(username)
    await page.get_by_label("Email").fill(f"{username}@example.org")
    await page.get_by_label("Password").fill("correct horse battery")
    await page.get_by_role("button", name="Sign up").click()
    await expect(page.locator(".me .name")).to_have_text(username)
