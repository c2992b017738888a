"""The theme: the system's, until somebody chooses one; kept in their browser."""

import pytest
from playwright.async_api import Browser, Page, expect

from .conftest import Visit
from .site import Site

LIGHT, DARK = "rgb(250, 247, 241)", "rgb(23, 21, 18)"


async def background(page: Page) -> str:
    colour: str = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    return colour


async def choose(page: Page, theme: str) -> None:
    await page.get_by_role("button", name="Theme").click()
    await expect(page.get_by_role("button", name="Theme")).to_have_text(f"Theme: {theme}")


@pytest.mark.parametrize(("system", "colour"), [("light", LIGHT), ("dark", DARK)])
async def test_it_is_the_system_s_by_default(visit: Visit, system: str, colour: str) -> None:
    page = await visit("/")
    await page.emulate_media(color_scheme=system)  # type: ignore[arg-type]  # one of two, as it says above
    await expect(page.get_by_role("button", name="Theme")).to_have_text("Theme: system")
    assert await background(page) == colour


async def test_a_choice_is_kept_past_a_reload_and_holds_on_every_page(site: Site, visit: Visit) -> None:
    page = await visit("/")
    await page.emulate_media(color_scheme="light")
    await choose(page, "light")
    await choose(page, "dark")
    assert await background(page) == DARK
    await page.reload()
    assert await background(page) == DARK
    await page.goto(f"{site.url}/accounts/login/")
    assert await background(page) == DARK
    await choose(page, "system")
    assert await background(page) == LIGHT


async def test_it_is_set_before_anything_is_painted(site: Site, visit: Visit) -> None:
    page = await visit("/")
    await choose(page, "light")
    await choose(page, "dark")
    # A theme is there already when the head has been read, so that no frame is painted without it.
    await page.add_init_script(
        "new MutationObserver((_, observer) => document.body && (observer.disconnect(),"
        " window.themeAtBody = document.documentElement.dataset.theme))"
        ".observe(document, { childList: true, subtree: true })"
    )
    await page.reload()
    assert await page.evaluate("themeAtBody") == "dark"


async def test_other_tabs_follow(site: Site, visit: Visit) -> None:
    page = await visit("/")
    other = await page.context.new_page()
    await other.goto(site.url)
    await choose(page, "light")
    await choose(page, "dark")
    await expect(other.get_by_role("button", name="Theme")).to_have_text("Theme: dark")
    assert await background(other) == DARK


async def test_a_browser_that_keeps_nothing_still_shows_the_page(site: Site, browser: Browser) -> None:
    page = await browser.new_page(color_scheme="light")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } })"
    )
    await page.goto(site.url)
    await choose(page, "light")
    await choose(page, "dark")
    assert await background(page) == DARK
    await expect(page.locator("[data-state=live]")).to_be_visible()
    assert errors == []


async def test_without_javascript_there_is_no_switch(site: Site, browser: Browser) -> None:
    page = await (await browser.new_context(java_script_enabled=False)).new_page()
    await page.goto(site.url)
    await expect(page.locator("[data-theme-switch]")).to_be_hidden()
