"""Likes, comments and progress in two browsers: what one does, the other sees."""

import asyncio
import re

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from .catalogue import picture, status
from .conftest import Line, Visit, be, live
from .site import Site, Visitor


@pytest.fixture
def author(site: Site) -> Visitor:
    return site.author()


@pytest.fixture
def post(site: Site, author: Visitor) -> int:
    """The id of a post that is published."""
    with site.reader() as reader:
        post_id = author.write("On talking")
        reader.until(post_id)
    return post_id


def card(page: Page, post_id: int) -> Locator:
    return page.locator(f".card[data-post-id='{post_id}']")


async def test_a_like_is_counted_on_every_visit_and_marked_on_the_reader_s_own(
    site: Site, visit: Visit, post: int
) -> None:
    fan = site.author()
    own, other, on_post = (
        await visit("/", fan),
        await live(await visit("/")),
        await visit(f"/posts/{post}/"),
    )
    button = card(own, post).locator(".like")
    await button.click()
    for page in (own, other, on_post):
        await expect(page.locator(f"[data-post-id='{post}'] [data-likes]")).to_have_text("1")
    await expect(button).to_have_attribute("aria-pressed", "true")
    await expect(card(other, post).locator(".like")).to_have_attribute("aria-pressed", "false")
    await own.reload()
    await expect(button).to_have_attribute("aria-pressed", "true")
    await button.click()
    for page in (own, other, on_post):
        await expect(page.locator(f"[data-post-id='{post}'] [data-likes]")).to_have_text("0")
    await expect(button).to_have_attribute("aria-pressed", "false")


async def test_a_like_outlives_an_edit_of_the_card(site: Site, visit: Visit, author: Visitor, post: int) -> None:
    fan = site.author()
    page = await visit("/", fan)
    await card(page, post).locator(".like").click()
    await expect(card(page, post).locator("[data-likes]")).to_have_text("1")
    author.post(f"/posts/{post}/edit/", title="Edited", body="Newer.")
    await expect(card(page, post).locator("h2")).to_have_text("Edited")
    await expect(card(page, post).locator(".by")).to_contain_text("edited")
    await expect(card(page, post).locator("[data-likes]")).to_have_text("1")
    await expect(card(page, post).locator(".like")).to_have_attribute("aria-pressed", "true")
    await expect(card(page, post).locator(".like")).to_be_enabled()


async def test_who_is_not_logged_in_is_led_there_and_back(visit: Visit, post: int) -> None:
    page = await live(await visit("/"))
    await card(page, post).locator(".like").click()
    await page.wait_for_url(re.compile(r"/accounts/login/\?next=%2F$"))


async def test_what_was_liked_while_a_page_was_away_is_counted_when_it_is_back(
    site: Site, browser: Browser, post: int
) -> None:
    context = await browser.new_context()
    line = await Line.of(context)
    page = await context.new_page()
    await page.goto(site.url)
    await live(page)
    await line.cut()
    site.author().post(f"/posts/{post}/like/")
    await line.mend()
    await expect(card(page, post).locator("[data-likes]")).to_have_text("1", timeout=60_000)


async def test_a_comment_appears_on_visits_and_moves_nothing_that_is_being_typed(
    site: Site, visit: Visit, author: Visitor, post: int
) -> None:
    typing, listing = await visit(f"/posts/{post}/", site.author()), await live(await visit("/"))
    field = typing.get_by_label("Your comment")
    await field.fill("I was about to say")
    place = await field.bounding_box()

    author.post(f"/posts/{post}/comments/", body="**First!**")
    await expect(typing.locator(".comment strong")).to_have_text("First!")
    await expect(card(listing, post).locator("[data-comments]")).to_have_text("1 comment")
    await expect(field).to_have_value("I was about to say")
    await expect(field).to_be_focused()
    assert await field.bounding_box() == place

    await typing.get_by_role("button", name="Comment").click()
    await expect(typing.locator(".comment")).to_have_count(2)
    await expect(typing.locator(".comment").first).to_contain_text("I was about to say")
    await expect(field).to_have_value("")
    await expect(card(listing, post).locator("[data-comments]")).to_have_text("2 comments")


async def test_an_edited_comment_changes_and_a_deleted_one_goes_on_visits(
    site: Site, visit: Visit, author: Visitor, post: int
) -> None:
    reader = await visit(f"/posts/{post}/")
    for body in ("One", "Two"):
        author.post(f"/posts/{post}/comments/", body=body)
    await expect(reader.locator(".comment")).to_have_count(2)
    writer = await visit(f"/posts/{post}/", author)
    await writer.locator(".comment", has_text="Two").get_by_role("link", name="Edit").click()
    await writer.get_by_label("Your comment").fill("Two and a half")
    await writer.get_by_role("button", name="Save").click()
    await expect(reader.locator(".comment").first).to_contain_text("Two and a half")
    await writer.locator(".comment", has_text="One").get_by_role("link", name="Edit").click()
    await writer.get_by_role("button", name="Delete it").click()
    await expect(writer.locator(".comment")).to_have_count(1)
    await expect(reader.locator(".comment")).to_have_count(1)


async def test_words_that_are_being_typed_outlive_the_post(
    visit: Visit, site: Site, author: Visitor, post: int
) -> None:
    page = await visit(f"/posts/{post}/", site.author())
    field = page.get_by_label("Your comment")
    await field.fill("Too late")
    author.post(f"/posts/{post}/delete/")
    await expect(page.get_by_text("This post has just been taken away.")).to_be_visible()
    await expect(field).to_have_value("Too late")


async def test_likes_and_comments_work_without_javascript(site: Site, browser: Browser, post: int) -> None:
    fan = site.author()
    context = await browser.new_context(java_script_enabled=False)
    await be(fan, context)
    page = await context.new_page()
    await page.goto(f"{site.url}/posts/{post}/")
    await page.locator(".like").click()
    await expect(page.locator(".like")).to_have_attribute("aria-pressed", "true")
    await page.get_by_label("Your comment").fill("By hand")
    await page.get_by_role("button", name="Comment").click()
    await expect(page.locator(".comment")).to_contain_text("By hand")


async def test_an_author_sees_a_post_come_live_on_its_page_and_among_their_own(
    site: Site, visit: Visit, author: Visitor
) -> None:
    isbn = site.catalogue.add_new(cover=picture())
    site.catalogue.answer("/b/id/", status(503))
    site.catalogue.hold()
    post_id = author.write("Step by step", isbn=isbn)
    pages = [await visit(path, author) for path in (f"/posts/{post_id}/", "/mine/", "/")]
    await asyncio.to_thread(site.catalogue.wait_until_asked, isbn)
    for page in pages:
        await expect(page.locator(".progress .now")).to_have_text("Looking the book up")
    site.catalogue.release()
    for page in pages:
        await expect(page.locator(".progress .now")).to_have_text("Fetching the cover")
        await expect(page.locator(".progress")).to_contain_text("The catalogue does not answer")
        await expect(page.locator(".progress .what")).to_contain_text(re.compile("— about [0-9]+ seconds"))
    await pages[0].reload()
    await expect(pages[0].locator(".progress .now")).to_have_text("Fetching the cover")
    site.catalogue.behave()
    await pages[0].wait_for_url(re.compile("/step-by-step/$"), timeout=60_000)
    for page in pages[1:]:
        await expect(card(page, post_id)).to_be_visible()
        await expect(page.locator(".progress")).to_have_count(0)


async def test_a_post_appears_on_its_book_s_and_its_author_s_page_and_on_no_other_one_s(
    site: Site, visit: Visit, author: Visitor
) -> None:
    other = site.author()
    with site.reader() as witness:
        first = author.write("First", book_title="A rare book")
        elsewhere = other.write("Elsewhere", book_title="Another book")
        witness.until(first, elsewhere)
    listing = await live(await visit("/"))

    async def follow(post_id: int, link: str) -> Page:
        page = await visit("/")
        await card(page, post_id).locator(f".by a{link}").click()
        return await live(page)

    book, other_book = await follow(first, ":has(cite)"), await follow(elsewhere, ":has(cite)")
    person, other_person = await follow(first, ".author"), await follow(elsewhere, ".author")
    second = author.write("Second", book_title="A rare book")
    for page in (listing, book, person):
        await expect(card(page, second)).to_be_visible()
    last = other.write("Last", book_title="Another book")
    for page in (other_book, other_person):
        await expect(card(page, last)).to_be_visible()
        await expect(card(page, second)).to_have_count(0)


async def test_a_comment_outlives_a_login_that_ran_out(site: Site, visit: Visit, post: int) -> None:
    person = site.author()
    page = await visit(f"/posts/{post}/", person)
    field = page.get_by_label("Your comment")
    await field.fill("Not lost")
    await page.context.clear_cookies(name="sessionid")
    await page.get_by_role("button", name="Comment").click()
    await page.wait_for_url(re.compile("/accounts/login/"))
    await log_in(page, person)
    await expect(field).to_have_value("Not lost")
    await page.get_by_role("button", name="Comment").click()
    await expect(page.locator(".comment")).to_contain_text("Not lost")
    await expect(field).to_have_value("")


async def log_in(page: Page, person: Visitor) -> None:
    assert person.name
    await page.get_by_label("Username or email").fill(person.name)
    await page.get_by_label("Password", exact=True).fill("correct horse battery")
    await page.get_by_role("button", name="Log in", exact=True).click()


async def test_a_new_title_leaves_a_reader_where_they_type(
    site: Site, visit: Visit, author: Visitor, post: int
) -> None:
    page = await visit(f"/posts/{post}/", site.author())
    await page.set_viewport_size({"width": 1200, "height": 1200})
    field = page.get_by_label("Your comment")
    await field.fill("In the midst of")
    place = await field.bounding_box()
    author.post(f"/posts/{post}/edit/", title="Quite another title", body="Longer. " * 500)
    await expect(page.locator("h1")).to_have_text("Quite another title")
    await page.wait_for_url(re.compile("/quite-another-title/$"))
    await expect(field).to_be_focused()
    await expect(field).to_have_value("In the midst of")
    moved = await field.bounding_box()
    assert place
    assert moved
    assert abs(moved["y"] - place["y"]) < 1


async def test_what_was_said_while_a_page_was_away_is_there_when_it_is_back(
    site: Site, browser: Browser, author: Visitor, post: int
) -> None:
    context = await browser.new_context()
    line = await Line.of(context)
    pages = [await context.new_page() for _ in range(2)]
    for page, path in zip(pages, (f"/posts/{post}/", f"/posts/{post}/comments/"), strict=True):
        await page.goto(site.url + path)
    await line.cut()
    author.post(f"/posts/{post}/comments/", body="While you were away")
    await line.mend()
    for page in pages:
        await expect(page.locator(".comment")).to_have_count(1, timeout=60_000)


async def test_an_edited_comment_is_seen_though_a_like_comes_with_it(
    site: Site, visit: Visit, author: Visitor, post: int
) -> None:
    fan = site.author()
    author.post(f"/posts/{post}/comments/", body="One")
    page = await visit(f"/posts/{post}/")
    (comment,) = re.findall(r"comment-([0-9]+)", await page.locator(".comment").first.get_attribute("id") or "")
    fan.post(f"/posts/{post}/like/")
    author.post(f"/posts/{post}/comments/{comment}/edit/", body="Another")
    fan.post(f"/posts/{post}/like/")
    await expect(page.locator(".comment")).to_contain_text("Another")


async def test_an_author_who_was_away_finds_their_post_arrived(site: Site, browser: Browser, author: Visitor) -> None:
    site.catalogue.hold()
    post_id = author.write("Arrived meanwhile", book_title="Some book of the day")
    context = await browser.new_context()
    line = await Line.of(context)
    await be(author, context)
    pages = [await context.new_page() for _ in range(2)]
    for page, path in zip(pages, ("/", "/mine/"), strict=True):
        await page.goto(site.url + path)
        await expect(page.locator(f"[data-own-post='{post_id}']")).to_be_visible()
    await line.cut()
    with site.reader() as reader:
        site.catalogue.release()
        reader.until(post_id)
    await line.mend()
    for page in pages:
        await expect(card(page, post_id)).to_be_visible(timeout=60_000)
        await expect(page.locator(f"[data-own-post='{post_id}']")).to_have_count(0)


async def test_an_author_who_was_away_sees_how_far_their_post_has_come(own_site: Site, browser: Browser) -> None:
    author = own_site.author()
    isbn = own_site.catalogue.add_new(cover=picture())
    own_site.catalogue.answer("/b/id/", status(503))
    own_site.catalogue.hold()
    post_id = author.write("On and on", isbn=isbn)
    own_site.catalogue.wait_until_asked(isbn)
    context = await browser.new_context()
    line = await Line.of(context)
    await be(author, context)
    page = await context.new_page()
    await page.goto(own_site.url + "/mine/")
    await expect(page.locator(".progress .now")).to_have_text("Looking the book up")
    await line.cut()
    own_site.catalogue.release()
    while author.get(f"/posts/state/?ids={post_id}").json[str(post_id)]["progress"]["step"] != "cover":
        pass
    with own_site.without("worker"):  # which would tell of the next attempt
        await line.mend()
        await expect(page.locator(".progress .now")).to_have_text("Fetching the cover", timeout=60_000)
