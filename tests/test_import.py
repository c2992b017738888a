"""An import in two browsers: whoever imports sees how far it is, and nobody is told of each post."""

from playwright.async_api import expect

from .conftest import Visit, live
from .goodreads import file, row
from .site import Site


async def test_an_import_is_seen_to_its_end_and_alerts_nobody_of_each_post(site: Site, visit: Visit) -> None:
    importer, another = site.author(), site.author()
    reader = await live(await visit("/"))
    page = await visit("/mine/", importer)
    await page.get_by_role("link", name="Import from Goodreads").click()
    books = [row(number, Title=f"Brought along, {number}") for number in range(1, 25)]
    await page.get_by_label("The file").set_input_files(
        {"name": "export.csv", "mimeType": "text/csv", "buffer": file(*books, row(1), row(25, Book_Id="x"))}
    )
    await page.get_by_role("button", name="Import").click()
    # By itself: nobody loads this page again.
    done = "Your import is done: 24 imported, 1 here already, 1 failed."
    await expect(page.get_by_role("status")).to_have_text(done, timeout=60_000)
    await expect(page.locator(".progress")).to_contain_text("24 imported · 1 here already · 1 failed")
    await expect(page.locator("progress")).to_have_attribute("value", "26")
    await expect(reader.locator(".card", has_text="Brought along")).to_have_count(24)
    await expect(reader.locator(".toast")).to_have_count(0)
    another.write("Written by hand")
    await expect(reader.locator(".toast")).to_contain_text("Written by hand")


async def test_it_takes_place_without_javascript_too(site: Site, visit: Visit) -> None:
    page = await visit("/mine/import/", site.author())
    context = await page.context.browser.new_context(  # type: ignore[union-attr]
        java_script_enabled=False, storage_state=await page.context.storage_state()
    )
    plain = await context.new_page()
    await plain.goto(f"{site.url}/mine/import/")
    await plain.get_by_label("The file").set_input_files(
        {"name": "export.csv", "mimeType": "text/csv", "buffer": file(row(1))}
    )
    await plain.get_by_role("button", name="Import").click()
    await expect(plain.locator(".progress")).to_contain_text("1 imported", timeout=60_000)
    async with plain.expect_download() as download:
        await plain.goto(f"{site.url}/mine/")
        await plain.get_by_role("button", name="Export all of mine").click()
    assert (await download.value).suggested_filename.startswith("bookshelf-")
