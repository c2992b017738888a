"""The promise of the site, in two browsers: a post appears everywhere, and only once it is ready."""

import asyncio
import re

import pytest
from playwright.async_api import Browser, Page, expect

from .catalogue import picture
from .conftest import Line, Visit, live, sign_up
from .site import Site


async def write(page: Page, title: str, body: str = "Four evenings.", isbn: str = "") -> None:
    await page.get_by_role("link", name="Write a post").click()
    await page.get_by_label("Title", exact=False).first.fill(title)
    await page.get_by_label("Your post").fill(body)
    await page.get_by_label("ISBN").fill(isbn)
    await page.get_by_role("button", name="Publish").click()


async def test_a_post_appears_in_every_browser_and_only_once_it_is_ready(site: Site, visit: Visit) -> None:
    isbn = site.catalogue.add_new(cover=picture())
    site.catalogue.hold()
    reader, author = await live(await visit("/")), await visit("/")
    other = await live(await visit("/"))
    await sign_up(author, "mara")
    cursor = site.visitor().get("/updates/").json["cursor"]

    await write(author, "The case for turning pages", isbn=isbn)
    await expect(author.locator(".progress")).to_contain_text("is on its way")
    await asyncio.to_thread(site.catalogue.wait_until_asked, isbn)
    # The task is at work, and nobody has been told anything.
    assert site.visitor().get(f"/updates/?since={cursor}").json["notices"] == []
    for page in (reader, other):
        await expect(page.get_by_role("link", name="The case for turning pages")).to_have_count(0)

    site.catalogue.release()
    for page in (reader, other):
        card = page.locator(".card", has_text="The case for turning pages")
        await expect(card).to_have_count(1)
        await expect(card.locator("img.cover")).to_be_visible()
        await expect(card.locator(".by")).to_contain_text("mara on Slow reading by John Miedema")
        await expect(page.locator("[role=status] .toast")).to_have_count(1)
        await expect(page.locator("[role=status]")).to_contain_text("The case for turning pages")
    await author.wait_for_url(re.compile("/the-case-for-turning-pages/$"))
    assert len(site.visitor().get(f"/updates/?since={cursor}").json["notices"]) == 1


async def test_a_card_without_a_cover_has_a_drawn_one_and_goes_when_its_post_goes(site: Site, visit: Visit) -> None:
    author = site.author()
    reader = await live(await visit("/"))
    post_id = author.write("An island is enough", book_title="The Summer Book", book_author="Tove Jansson")
    card = reader.locator(f".card[data-post-id='{post_id}']")
    await expect(card.locator(".cover.drawn")).to_contain_text("The Summer Book")
    await expect(card.locator("img")).to_have_count(0)
    author.post(f"/posts/{post_id}/delete/")
    await expect(card).to_have_count(0)


async def test_an_edit_changes_the_card_without_another_alert(site: Site, visit: Visit) -> None:
    author = site.author()
    with site.reader() as witness:
        post_id = author.write("Before")
        witness.until(post_id)
    reader = await live(await visit("/"))
    open_post = await visit(f"/posts/{post_id}/")
    author.post(f"/posts/{post_id}/edit/", title="After", body="Five evenings.")
    await expect(reader.locator(f".card[data-post-id='{post_id}'] h2")).to_have_text("After")
    await expect(reader.locator(".toast", has_text="After")).to_have_count(0)
    await expect(open_post.locator("h1")).to_have_text("After")


async def test_what_came_while_the_page_was_offline_is_there_when_it_is_back(site: Site, browser: Browser) -> None:
    context = await browser.new_context()
    line = await Line.of(context)
    page = await context.new_page()
    await page.goto(site.url)
    await live(page)
    await line.cut()
    author = site.author()
    with site.reader() as witness:
        ids = [author.write(f"While away {number}") for number in range(3)]
        witness.until(*ids)
    await line.mend()
    for post_id in ids:
        await expect(page.locator(f".card[data-post-id='{post_id}']")).to_have_count(1, timeout=60_000)


@pytest.mark.xdist_group("clock")
async def test_where_no_socket_gets_through_the_page_asks(site: Site, browser: Browser) -> None:
    page = await browser.new_page()
    await page.route_web_socket(re.compile("/ws/"), lambda socket: asyncio.ensure_future(socket.close(code=1000)))
    await page.goto(site.url)
    await expect(page.locator("[data-state=polling]")).to_be_visible(timeout=30_000)
    post_id = site.author().write("Asked for")
    await expect(page.locator(f".card[data-post-id='{post_id}']")).to_have_count(1, timeout=60_000)


async def test_it_works_without_javascript(site: Site, browser: Browser) -> None:
    page = await (await browser.new_context(java_script_enabled=False)).new_page()
    await page.goto(site.url)
    await sign_up(page, "lin")
    await write(page, "Without a script", body="**No** script.")
    # The page of a waiting post reloads itself until there is something to show.
    await expect(page.locator("article.post h1")).to_have_text("Without a script", timeout=30_000)
    await expect(page.locator("article.post strong")).to_have_text("No")
    await page.get_by_role("button", name="Log out").click()
    await expect(page.get_by_role("link", name="Log in")).to_be_visible()
    await expect(page.locator(".card", has_text="Without a script")).to_have_count(1)


async def test_a_text_outlives_a_reload_and_a_login_that_ran_out(site: Site, visit: Visit) -> None:
    page = await visit("/")
    await sign_up(page, "vera")
    await page.get_by_role("link", name="Write a post").click()
    title, body = page.get_by_label("Title").first, page.get_by_label("Your post")
    await title.fill("Not lost")
    await body.fill("Four evenings.")
    begun = page.get_by_text("This is what you had begun to write.")
    await expect(begun).to_be_hidden()
    await page.reload()
    await expect(body).to_have_value("Four evenings.")
    await expect(begun).to_be_visible()

    await page.context.clear_cookies(name="sessionid")
    await page.get_by_role("button", name="Publish").click()
    await page.get_by_label("Username or email").fill("vera")
    await page.get_by_label("Password", exact=True).fill("correct horse battery")
    await page.get_by_role("button", name="Log in", exact=True).click()
    await expect(title).to_have_value("Not lost")
    await expect(body).to_have_value("Four evenings.")
    await page.get_by_role("button", name="Publish").click()
    await expect(page.locator("article.post h1")).to_have_text("Not lost", timeout=30_000)

    await page.get_by_role("link", name="Write a post").click()
    await expect(title).to_have_value("")


async def test_what_was_begun_is_laid_aside_when_its_author_says_so(visit: Visit) -> None:
    page = await visit("/")
    await sign_up(page, "nora")
    await page.get_by_role("link", name="Write a post").click()
    title = page.get_by_label("Title").first
    await title.fill("Not today")
    await page.goto(page.url)
    await expect(title).to_have_value("Not today")
    await page.get_by_role("link", name="Begin anew").click()
    await expect(title).to_have_value("")
    await expect(page.get_by_role("link", name="Begin anew")).to_be_hidden()


async def test_a_double_click_makes_one_post(site: Site, visit: Visit) -> None:
    page = await visit("/")
    await sign_up(page, "jonas")
    await page.get_by_role("link", name="Write a post").click()
    await page.get_by_label("Title", exact=False).first.fill("Clicked twice")
    await page.get_by_label("Your post").fill("Once.")
    await page.get_by_role("button", name="Publish").dblclick()
    await expect(page.locator("article.post h1")).to_have_text("Clicked twice", timeout=30_000)
    await page.goto(site.url)
    await expect(page.locator(".card", has_text="Clicked twice")).to_have_count(1)


@pytest.mark.parametrize(("finger", "least"), [(False, 24), (True, 44)])
async def test_what_is_pressed_is_large_enough(site: Site, browser: Browser, finger: bool, least: int) -> None:
    context = await browser.new_context(viewport={"width": 320, "height": 640}, has_touch=finger, is_mobile=finger)
    page = await context.new_page()
    await page.goto(site.url)
    await sign_up(page, f"finger{least}")
    for path in ("/", "/posts/new/", "/accounts/email/", "/accounts/login/"):
        await page.goto(site.url + path)
        for part in await page.locator(".top :is(a, button), .acts > :is(a, button), .foot :is(a, button)").all():
            box = await part.bounding_box()
            assert box is None or box["height"] >= least, (path, await part.inner_text())
