"""The right book, picked while writing, in a browser."""

import asyncio

from playwright.async_api import Route, expect

from .catalogue import picture
from .conftest import Visit, live
from .site import Site


async def test_who_picks_a_book_while_writing_gets_it_with_its_cover(site: Site, visit: Visit) -> None:
    author = site.author()
    site.catalogue.add_work("The Lighthouse Year", "Tove Jansson", cover=picture(colour="teal"))
    site.catalogue.add_work("The Lighthouse Year Abroad", "Somebody Else", cover=picture(colour="navy"))
    latest, page = await visit("/"), await visit("/posts/new/", author)
    await live(latest)
    await page.get_by_label("Title", exact=True).fill("On lighthouses")
    await page.get_by_label("Your post").fill("Four evenings.")
    await page.get_by_label("Title of the book").fill("lighthouse year")
    choice = page.get_by_role("radio", name="The Lighthouse Year by Tove Jansson")
    await expect(choice).to_be_visible(timeout=30_000)
    await expect(page.locator(".candidates img")).to_have_count(2, timeout=30_000)
    await expect(page.get_by_role("radio", name="None of these")).to_be_checked()
    await choice.check()
    await expect(page.get_by_label("Title of the book")).to_have_value("The Lighthouse Year")
    await expect(page.get_by_label("Its author")).to_have_value("Tove Jansson")
    await page.get_by_role("button", name="Publish").click()
    await expect(page.locator("article.post h1")).to_have_text("On lighthouses", timeout=30_000)
    await expect(page.locator("article.post img.cover")).to_be_visible()
    await expect(latest.locator(".card", has_text="On lighthouses").locator("img.cover")).to_be_attached()

    again = await visit("/posts/new/", author)
    await again.get_by_label("Title of the book").fill("lighthouse ye")
    await expect(again.locator(".candidates label").first).to_contain_text("on BookShelf", timeout=30_000)


async def test_a_pick_stands_though_books_are_looked_for_meanwhile(site: Site, visit: Visit) -> None:
    site.catalogue.add_work("A Winter by Gaslight", "Tove Jansson")
    page = await visit("/posts/new/", site.author())
    title = page.get_by_label("Title of the book")
    await title.fill("winter by gaslight")
    choice = page.get_by_role("radio", name="A Winter by Gaslight by Tove Jansson")
    await expect(choice).to_be_visible(timeout=30_000)
    await expect(page.get_by_text("Asking the catalogue")).to_have_count(0, timeout=30_000)
    asked, released = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        asked.set()
        await released.wait()
        await route.continue_()

    await page.route("**/posts/candidates/**", hold)
    await title.press_sequentially(" ")
    await asked.wait()
    await choice.check()
    released.set()
    async with page.expect_response(lambda answer: "pick=lookup" in answer.url):
        await title.press_sequentially("!")
    await expect(choice).to_be_checked()


async def test_a_catalogue_that_is_silent_keeps_nobody_from_publishing(site: Site, visit: Visit) -> None:
    author = site.author()
    page = await visit("/posts/new/", author)
    site.catalogue.hold()
    await page.get_by_label("Title", exact=True).fill("In the dark")
    await page.get_by_label("Your post").fill("Four evenings.")
    await page.get_by_label("Title of the book").fill("A book of silence")
    await expect(page.get_by_text("Asking the catalogue")).to_be_visible(timeout=30_000)
    await page.get_by_role("button", name="Publish").click()
    await expect(page.locator("h1", has_text="In the dark").or_(page.get_by_text("In the dark")).first).to_be_visible()
    site.catalogue.release()
