"""What is typed is kept until it has arrived, and is nobody's then."""

import re
from urllib.parse import parse_qsl

import pytest
from playwright.async_api import Page, Route, expect

from .conftest import Visit, be
from .site import Site, Visitor


@pytest.fixture
def author(site: Site) -> Visitor:
    return site.author()


async def type_in(page: Page, title: str, body: str = "Four evenings.") -> None:
    await page.get_by_label("Title").first.fill(title)
    await page.get_by_label("Your post").fill(body)


async def test_a_draft_outlives_the_page_of_a_post(site: Site, visit: Visit, author: Visitor) -> None:
    with site.reader() as reader:
        other = author.write("Another")
        reader.until(other)
    page = await visit("/posts/new/", author)
    await type_in(page, "Not lost")
    await page.get_by_label("gives away").check()
    await page.context.clear_cookies(name="sessionid")
    await page.get_by_role("button", name="Publish").click()
    await page.goto(f"{site.url}/posts/{other}/")
    await expect(page.locator("article.post h1")).to_have_text("Another")
    await be(author, page.context)
    await page.goto(f"{site.url}/posts/new/")
    await expect(page.get_by_label("Title").first).to_have_value("Not lost")
    await expect(page.get_by_label("gives away")).to_be_checked()


async def test_one_that_was_sent_in_vain_is_still_the_same_post(site: Site, visit: Visit, author: Visitor) -> None:
    """The answer is lost on its way: the author sends the text again, and there is one post."""
    page = await visit("/posts/new/", author)
    await type_in(page, "Sent twice")

    async def lose(route: Route) -> None:
        fields = dict(parse_qsl(route.request.post_data or ""))
        del fields["csrfmiddlewaretoken"]
        assert author.post("/posts/new/", **fields).status == 302
        await route.fulfill(status=502, body="a proxy's complaint")

    await page.route(re.compile("/posts/new/$"), lose, times=1)
    await page.get_by_role("button", name="Publish").click()
    await expect(page.get_by_text("a proxy's complaint")).to_be_visible()
    await page.goto(f"{site.url}/posts/new/")
    await expect(page.get_by_label("Title").first).to_have_value("Sent twice")
    await page.get_by_role("button", name="Publish").click()
    await expect(page.locator("article.post h1")).to_have_text("Sent twice", timeout=30_000)
    await page.goto(f"{site.url}/mine/")
    await expect(page.locator(".card", has_text="Sent twice")).to_have_count(1)


async def test_what_arrives_takes_no_other_draft_along(site: Site, visit: Visit, author: Visitor) -> None:
    with site.reader() as reader:
        other = author.write("Another")
        reader.until(other)
    page = await visit(f"/posts/{other}/", author)
    await page.get_by_label("Your comment").fill("Not yet finished")
    await page.goto(f"{site.url}/posts/new/")
    await type_in(page, "Finished")
    await page.get_by_role("button", name="Publish").click()
    await expect(page.locator("article.post h1")).to_have_text("Finished", timeout=30_000)
    await page.goto(f"{site.url}/posts/{other}/")
    await expect(page.get_by_label("Your comment")).to_have_value("Not yet finished")


async def test_two_tabs_are_two_posts(site: Site, visit: Visit, author: Visitor) -> None:
    one = await visit("/posts/new/", author)
    await type_in(one, "First of two")
    other = await one.context.new_page()
    await other.goto(f"{site.url}/posts/new/")
    await type_in(other, "Second of two")
    for page, title in ((one, "First of two"), (other, "Second of two")):
        await page.get_by_role("button", name="Publish").click()
        await expect(page.locator("article.post h1")).to_have_text(title, timeout=30_000)


async def test_an_edit_that_was_begun_on_an_older_text_does_not_come_back_over_the_newer(
    site: Site, visit: Visit, author: Visitor
) -> None:
    with site.reader() as reader:
        post = author.write("Title", "The first text")
        reader.until(post)
    page = await visit(f"/posts/{post}/edit/", author)
    await page.get_by_label("Your post").fill("An old idea")
    await page.reload()
    await expect(page.get_by_label("Your post")).to_have_value("An old idea")
    author.post(f"/posts/{post}/edit/", title="Title", body="The newest text, from my phone")
    await page.reload()
    await expect(page.get_by_label("Your post")).to_have_value("The newest text, from my phone")


async def test_an_edit_that_is_cancelled_is_gone(site: Site, visit: Visit, author: Visitor) -> None:
    with site.reader() as reader:
        post = author.write("Title", "The text")
        reader.until(post)
    page = await visit(f"/posts/{post}/edit/", author)
    await page.get_by_label("Your post").fill("No")
    await page.get_by_role("link", name="Cancel").click()
    await page.goto(f"{site.url}/posts/{post}/edit/")
    await expect(page.get_by_label("Your post")).to_have_value("The text")


async def test_what_is_no_draft_does_no_harm(site: Site, visit: Visit, author: Visitor) -> None:
    page = await visit("/posts/new/", author)
    await page.evaluate("localStorage.setItem(`draft:${document.querySelector('[data-draft]').dataset.draft}`, '{')")
    await page.reload()
    await type_in(page, "Kept")
    await page.reload()
    await expect(page.get_by_label("Title").first).to_have_value("Kept")


async def test_what_is_typed_is_on_the_server_after_a_pause_and_gone_when_it_is_published(
    site: Site, visit: Visit, author: Visitor
) -> None:
    page = await visit("/posts/new/", author)
    await type_in(page, "Begun here", body="Half a")
    await expect(page.get_by_text("Draft saved")).to_be_visible(timeout=30_000)
    elsewhere = await visit("/drafts/", author)
    await elsewhere.get_by_role("link", name="Begun here", exact=True).click()
    await expect(elsewhere.get_by_label("Your post")).to_have_value("Half a")
    await elsewhere.get_by_label("Your post").fill("Half a sentence and the rest")
    await elsewhere.get_by_role("button", name="Publish").click()
    await expect(elsewhere.locator("article.post h1")).to_have_text("Begun here", timeout=30_000)
    await elsewhere.goto(f"{site.url}/drafts/")
    await expect(elsewhere.get_by_text("No drafts.")).to_be_visible()


async def test_who_is_logged_out_while_typing_is_told_and_loses_nothing(visit: Visit, author: Visitor) -> None:
    page = await visit("/posts/new/", author)
    await page.context.clear_cookies(name="sessionid")
    await type_in(page, "Typed in vain?")
    await expect(page.get_by_text("You are logged out.")).to_be_visible(timeout=30_000)
    await be(author, page.context)
    await page.reload()
    await expect(page.get_by_label("Title").first).to_have_value("Typed in vain?")
    await page.get_by_label("Your post").fill("No.")
    await expect(page.get_by_text("Draft saved")).to_be_visible(timeout=30_000)


async def test_the_enter_key_publishes(visit: Visit, author: Visitor) -> None:
    page = await visit("/posts/new/", author)
    await page.get_by_label("Your post").fill("Four evenings.")
    await page.get_by_label("Title", exact=True).fill("By the keyboard")
    await page.get_by_label("Title", exact=True).press("Enter")
    await expect(page.locator("article.post h1")).to_have_text("By the keyboard", timeout=30_000)
