"""What a browser loads for a page, and that nothing on it moves by itself."""

from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from .catalogue import picture
from .conftest import Visit, live
from .site import Site, Visitor

MOST, MOST_SCRIPT = 60 * 1024, 12 * 1024  # bytes as they are sent, without covers
WEIGH = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .map((entry) => [new URL(entry.name).pathname, entry.encodedBodySize])"""
WATCH = """window.shifts = [];
    window.watcher = new PerformanceObserver((list) => window.shifts.push(...list.getEntries()));
    window.watcher.observe({ type: "layout-shift", buffered: true });"""
SHIFTS = """() => {
    window.shifts.push(...window.watcher.takeRecords());
    const moved = window.shifts.flatMap((shift) => shift.sources.map((source) => source.node));
    return moved.map((node) => (node?.outerHTML ?? node?.textContent)?.slice(0, 200));
}"""
PAINTED_TWICE = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@pytest.fixture
def author(site: Site) -> Visitor:
    return site.author()


@pytest.fixture
def isbn(site: Site, author: Visitor) -> str:
    """A book with a cover, about which there are more posts than fit in a window."""
    isbn = site.catalogue.add_new(cover=picture())
    with site.reader() as witness:
        ids = [author.write(f"Older {number}", body="In the other room. " * 30, isbn=isbn) for number in range(6)]
        witness.until(*ids)
    return isbn


async def test_every_page_is_light(visit: Visit, site: Site, author: Visitor, isbn: str) -> None:
    page = await visit("/")
    there = [page.locator(place).first for place in (".card h2 a", ".card .by a:has(cite)", ".card .author")]
    for path in ["/", "/posts/new/", *[await link.get_attribute("href") or "" for link in there]]:
        page = await visit(path, author)
        await page.wait_for_load_state("load")
        sizes = dict(await page.evaluate(WEIGH))
        assert sizes[path] > 0
        scripts = {name: size for name, size in sizes.items() if name.endswith(".js")}
        assert len(scripts) > 10
        assert 0 < sum(scripts.values()) <= MOST_SCRIPT, path
        assert sum(size for name, size in sizes.items() if not name.startswith("/covers/")) <= MOST, path


async def still(page: Page) -> list[Any]:
    """What has moved by itself."""
    await page.evaluate(PAINTED_TWICE)
    shifts: list[Any] = await page.evaluate(SHIFTS)
    return shifts


@pytest.mark.parametrize("width", [320, 1200])
async def test_nothing_moves_while_a_page_loads_or_a_card_arrives(
    browser: Browser, site: Site, author: Visitor, isbn: str, width: int
) -> None:
    context = await browser.new_context(viewport={"width": width, "height": 800})
    await context.add_init_script(WATCH)
    page = await context.new_page()
    await page.goto(site.url)
    await live(page)
    covers = page.locator("img.cover")
    assert await covers.count()
    assert await covers.evaluate_all("(all) => all.every((one) => one.loading === 'lazy' && one.width && one.height)")
    await expect(covers.first).to_have_js_property("complete", True)
    assert await still(page) == []
    post_id = author.write("News", isbn=isbn)
    card = page.locator(f'.card[data-post-id="{post_id}"]')
    await expect(card).to_be_visible()
    await page.evaluate("() => Promise.all(document.getAnimations().map((each) => each.finished))")
    assert await still(page) == []
    await card.evaluate("(card) => card.classList.remove('new')")  # as the page does in a while
    assert await still(page) == []
    await card.locator("h2 a").click()
    await expect(page.locator("article.post")).to_be_visible()
    await page.wait_for_load_state("load")
    assert await still(page) == []
