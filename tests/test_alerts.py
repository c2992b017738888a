"""Alerts are the reader's own: paused by a switch, and by the browser itself only for whoever has asked for that."""

import asyncio

from playwright.async_api import Route, expect

from .conftest import Visit, be, live
from .site import Site

# Chromium without a window has no notifications and nobody to ask: this stands for it, and says what it is told.
STAND_IN = """
    window.shown = [];
    window.Notification = class extends EventTarget {
      static get permission() { return sessionStorage.asked ? "granted" : "default"; }
      static async requestPermission() { sessionStorage.asked = "yes"; return "granted"; }
      constructor(title, { body, tag }) { super(); window.shown.push([title, body, tag]); }
    };"""
LOOK_AWAY = "Object.defineProperty(document, 'hidden', { get: () => true, configurable: true })"


async def test_a_switch_pauses_them_on_every_page_and_past_a_reload(site: Site, visit: Visit) -> None:
    author = site.author()
    page = await visit("/")
    other = await page.context.new_page()
    await other.goto(site.url)
    await page.get_by_role("button", name="Alerts").click()
    await expect(other.get_by_role("button", name="Alerts")).to_have_text("Alerts: paused")
    await page.reload()
    await expect(page.get_by_role("button", name="Alerts")).to_have_text("Alerts: paused")
    for one in (page, other):
        await live(one)
        await one.evaluate("scrollTo(0, 0)")  # the switch is at the foot, and further down a list holds cards back
    with site.reader() as witness:
        quiet = author.write("In peace")
        witness.until(quiet)
    for one in (page, other):
        await expect(one.locator(f"[data-post-id='{quiet}']")).to_be_visible()
        await expect(one.locator(".toast")).to_have_count(0)
    await other.get_by_role("button", name="Alerts").click()
    await expect(page.get_by_role("button", name="Alerts")).to_have_text("Alerts: on")
    with site.reader() as witness:
        witness.until(author.write("Aloud"))
    await expect(page.get_by_role("link", name="New post: Aloud")).to_be_visible()


async def test_an_answer_that_was_long_on_its_way_hides_nothing_told_meanwhile(site: Site, visit: Visit) -> None:
    author, other = site.author(), site.author()
    with site.reader() as witness:
        post = author.write("Slowly")
        witness.until(post)
    page = await visit("/")
    await be(author, page.context)
    told = asyncio.Event()

    async def late(route: Route) -> None:
        answer = await route.fetch()
        other.post(f"/posts/{post}/comments/", body="While it is on its way.")
        await told.wait()
        await route.fulfill(response=answer)

    await page.route("**/notifications/unread/", late)
    async with page.expect_event("requestfinished", lambda request: request.url.endswith("/unread/")):
        await page.goto(site.url)
        await expect(page.locator("[data-unread]")).to_have_text("1")
        told.set()
    await page.evaluate("new Promise((done) => setTimeout(done))")
    await expect(page.locator("[data-unread]")).to_have_text("1")


async def test_the_browser_tells_whoever_has_asked_for_it_while_they_look_away(site: Site, visit: Visit) -> None:
    author, other = site.author(), site.author()
    with site.reader() as witness:
        post = author.write("Slowly")
        witness.until(post)
    page = await visit("/")
    await page.add_init_script(STAND_IN)
    await be(author, page.context)
    await page.goto(f"{site.url}/notifications/")
    await expect(page.get_by_role("button", name="Tell me in this browser")).to_be_visible()
    await page.get_by_role("button", name="Tell me in this browser").click()
    await expect(page.get_by_text("You are told by your browser from now on.")).to_be_visible()
    await page.goto(f"{site.url}/posts/{post}/")

    other.post(f"/posts/{post}/comments/", body="While it is looked at.")
    await expect(page.locator("[data-unread]")).to_have_text("1")
    await page.evaluate(LOOK_AWAY)
    other.post(f"/posts/{post}/comments/", body="It was the butler.")
    await page.wait_for_function("window.shown.length > 0")
    assert await page.evaluate("window.shown") == [["BookShelf", "2 unread notifications", "unread"]]

    await page.get_by_role("button", name="Alerts").click()
    other.post(f"/posts/{post}/comments/", body="In peace.")
    await expect(page.locator("[data-unread]")).to_have_text("3")
    assert len(await page.evaluate("window.shown")) == 1
