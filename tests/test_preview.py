"""The form's preview: what publishing would make of the text, without leaving the form and without saving."""

from playwright.async_api import Browser, Locator, Page, expect

from .conftest import Visit, sign_up
from .site import Site

ATTACK = """<script>document.title = 'taken'</script> [x](javascript:alert(1))
<img src=x onerror="document.title = 'taken'">"""


async def open_form(page: Page, username: str) -> Locator:
    """The form of somebody new; gives the field of the text."""
    await sign_up(page, username)
    await page.get_by_role("link", name="Write a post").click()
    return page.get_by_label("Your post")


def region(page: Page) -> Locator:
    return page.get_by_role("region", name="Preview")


async def preview(page: Page) -> None:
    await page.get_by_role("button", name="Preview").click()


# What helps a writer comes when they begin to; resolved, it is there.
HELPED = """async () => {
  const script = performance.getEntriesByType("resource").find(({ name }) => name.endsWith("/page.js"));
  await import(script.name.replace("page.js", "write.js"));
}"""


async def test_it_leaves_text_cursor_and_page_alone_and_publishing_works_after_it(visit: Visit) -> None:
    page = await visit("/")
    body = await open_form(page, "preview1")
    await page.evaluate("window.samePage = true")
    await page.get_by_label("Title").first.fill("Tried out")
    await body.fill("That is **what it asks for**.")
    await body.evaluate("(field) => field.setSelectionRange(3, 7)")
    await preview(page)
    await expect(region(page).locator("strong")).to_have_text("what it asks for")
    await expect(body).to_have_value("That is **what it asks for**.")
    assert await body.evaluate("(field) => [field.selectionStart, field.selectionEnd]") == [3, 7]
    assert await page.evaluate("window.samePage")

    await body.fill("Now *differently*.")
    await preview(page)
    await expect(region(page).locator("em")).to_have_text("differently")
    await page.get_by_role("button", name="Publish").click()
    await expect(page.locator("article.post em")).to_have_text("differently", timeout=30_000)


async def test_it_works_without_javascript(site: Site, browser: Browser) -> None:
    page = await (await browser.new_context(java_script_enabled=False)).new_page()
    await page.goto(site.url)
    body = await open_form(page, "preview2")
    await page.get_by_label("Title").first.fill("By hand")
    await body.fill("**No** script.")
    await preview(page)
    await expect(region(page).locator("strong")).to_have_text("No")
    await expect(body).to_have_value("**No** script.")
    await page.get_by_role("button", name="Publish").click()
    await expect(page.locator("article.post h1")).to_have_text("By hand", timeout=30_000)


async def test_a_text_that_attacks_stays_text(visit: Visit) -> None:
    page = await visit("/")
    body = await open_form(page, "preview3")
    await body.fill(ATTACK)
    await preview(page)
    await expect(region(page)).to_contain_text("<script>")
    await expect(region(page).locator("script, img, [href^=javascript]")).to_have_count(0)
    await expect(page).to_have_title("Write a post · BookShelf")


async def test_what_stands_in_its_way_is_said_and_nothing_is_lost(visit: Visit) -> None:
    page = await visit("/")
    body = await open_form(page, "preview4")
    await preview(page)
    await expect(region(page)).to_contain_text("This field is required.")
    await body.fill("Mine.")
    await page.evaluate(HELPED)
    await page.context.set_offline(True)
    await preview(page)
    await expect(region(page)).to_contain_text("There is no way to the site at the moment")
    await page.context.set_offline(False)
    await page.context.clear_cookies(name="sessionid")
    await preview(page)
    await expect(region(page)).to_contain_text("You are no longer logged in.")
    await expect(body).to_have_value("Mine.")


async def test_a_draft_outlives_a_preview(site: Site, visit: Visit) -> None:
    page = await visit("/")
    body = await open_form(page, "preview5")
    await body.fill("Not sent yet.")
    # As where the preview's own script does not come: the form is sent, and the next page has the preview.
    await page.evaluate(
        "document.querySelector('[name=preview]').form.requestSubmit(document.querySelector('[name=preview]'))"
    )
    await expect(region(page)).to_contain_text("Not sent yet.")
    with site.reader() as witness:
        post_id = site.author().write("Somebody else's")
        witness.until(post_id)
    await page.goto(f"{site.url}/posts/{post_id}/")
    await expect(page.locator("article.post")).to_be_visible()
    await page.get_by_role("link", name="Write a post").click()
    await expect(body).to_have_value("Not sent yet.")
