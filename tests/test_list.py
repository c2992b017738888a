"""The list while news comes in: at the top a card slides in; further down nothing moves, and a pill counts."""

import re
from itertools import pairwise
from typing import Any

import pytest
from playwright.async_api import Locator, Page, WebSocketRoute, expect

from .conftest import Visit, live
from .site import Site, Visitor

WIDTHS = pytest.mark.parametrize("width", [320, 1200])


@pytest.fixture
def author(site: Site) -> Visitor:
    """Somebody whose posts make the list longer than a window."""
    author = site.author()
    publish(site, author, *(f"Older {number}" for number in range(8)))
    return author


def publish(site: Site, author: Visitor, *titles: str) -> list[int]:
    with site.reader() as witness:
        ids = [author.write(title, body="I put my phone in the other room. " * 9) for title in titles]
        witness.until(*ids)
    return ids


def edit(site: Site, author: Visitor, post_id: int, **fields: str) -> None:
    with site.reader() as witness:
        assert author.post(f"/posts/{post_id}/edit/", **fields).status == 302
        witness.until(post_id)


def card(page: Page, post_id: int) -> Locator:
    return page.locator(f".card[data-post-id='{post_id}']")


def pill(page: Page) -> Locator:
    return page.get_by_role("button", name=re.compile("^[0-9]+ new post"))


async def reading(page: Page, width: int = 1200, top: int = 900) -> Page:
    """Live, and further down."""
    await page.set_viewport_size({"width": width, "height": 640})
    await live(page)
    await page.evaluate("top => scrollTo(0, top)", top)
    await expect(page.locator(".card").first).not_to_be_in_viewport()
    return page


async def place(page: Page) -> Any:
    """The first card that begins in sight, and where it stands, px."""
    return await page.evaluate(
        """() => [...document.querySelectorAll(".card")]
          .map((card) => [card.dataset.postId, card.getBoundingClientRect().top])
          .find(([, top]) => top > 80)"""
    )


async def stays(page: Page, before: Any) -> bool:
    """Whether the same card stands in the same place, but for the part of a pixel that a scroll cannot make up for."""
    post_id, top = await place(page)
    return bool(post_id == before[0] and abs(top - before[1]) < 1)


async def height_of(part: Locator) -> float:
    box = await part.bounding_box()
    assert box
    return box["height"]


async def scroll_position(page: Page) -> float:
    position: float = await page.evaluate("scrollY")
    return position


async def test_at_the_top_a_card_slides_in_and_there_is_no_pill(site: Site, visit: Visit, author: Visitor) -> None:
    page = await live(await visit("/"))
    (post_id,) = publish(site, author, "At the top")
    await expect(page.locator(".card").first).to_have_attribute("data-post-id", str(post_id))
    await expect(card(page, post_id)).to_be_in_viewport()
    await expect(pill(page)).to_have_count(0)
    await expect(page).to_have_title("BookShelf: posts about books")
    await expect(page.get_by_role("status")).to_contain_text("New post: At the top")


@WIDTHS
async def test_further_down_nothing_moves_and_a_pill_counts(
    site: Site, visit: Visit, author: Visitor, width: int
) -> None:
    page = await reading(await visit("/"), width)
    before, scrolled = await place(page), await scroll_position(page)
    ids = publish(site, author, "One")
    await expect(pill(page)).to_have_text("1 new post")
    ids += publish(site, author, "Two", "Three")
    await expect(pill(page)).to_have_text("3 new posts")
    await expect(page).to_have_title("(3) BookShelf: posts about books")
    for post_id in ids:
        await expect(card(page, post_id)).to_have_count(0)
    assert (await place(page), await scroll_position(page)) == (before, scrolled)

    await pill(page).click()
    for post_id in ids:
        await expect(card(page, post_id)).to_have_count(1)
    await expect(page.locator(".top")).to_be_in_viewport(ratio=1)
    await expect(page.locator(".card").first.locator("h2 a")).to_be_focused()
    await expect(pill(page)).to_have_count(0)
    await expect(page).to_have_title("BookShelf: posts about books")


@WIDTHS
async def test_the_pill_lies_over_no_text_and_stands_in_one_row_with_the_heading(
    site: Site, visit: Visit, author: Visitor, width: int
) -> None:
    page = await reading(await visit("/"), width)
    row = page.locator(".head")
    height = await height_of(row)
    publish(site, author, *(f"News {number}" for number in range(10)))
    await expect(pill(page)).to_have_text("10 new posts")
    assert await height_of(row) == height
    around = await pill(page).evaluate(
        """(pill) => {
          const { left, right, top, bottom } = pill.getBoundingClientRect();
          const across = [left - 4, (left + right) / 2, right + 4];
          const points = across.flatMap((x) => [top - 3, bottom + 3].map((y) => [x, y]));
          return points.map(([x, y]) => document.elementFromPoint(x, y).closest(".head") !== null);
        }"""
    )
    assert all(around)
    assert re.fullmatch(r"rgb\(.*\)", await row.evaluate("(row) => getComputedStyle(row).backgroundColor"))  # opaque
    boxes = [await row.locator(part).bounding_box() for part in ("h1", ".pill", ".state")]
    ends = [(box["x"], box["x"] + box["width"]) for box in boxes if box]
    assert ends == sorted(ends)
    assert all(one[1] < other[0] for one, other in pairwise(ends))
    assert ends[-1][1] <= width
    middles = [box["y"] + box["height"] / 2 for box in boxes if box]
    assert max(middles) - min(middles) < 4


async def test_back_at_the_top_by_hand_what_waited_is_there(site: Site, visit: Visit, author: Visitor) -> None:
    page = await reading(await visit("/"))
    (post_id,) = publish(site, author, "Waits")
    await expect(pill(page)).to_be_visible()
    await page.mouse.move(600, 300)
    await page.mouse.wheel(0, -5000)
    await expect(card(page, post_id)).to_be_in_viewport()
    await expect(pill(page)).to_have_count(0)


async def test_edits_and_removals_reach_what_waits(site: Site, visit: Visit, author: Visitor) -> None:
    page = await reading(await visit("/"))
    gone, kept = publish(site, author, "Gone before it was seen", "Before")
    await expect(pill(page)).to_have_text("2 new posts")
    author.post(f"/posts/{gone}/delete/")
    await expect(pill(page)).to_have_text("1 new post")
    await expect(page).to_have_title("(1) BookShelf: posts about books")
    edit(site, author, kept, title="After", body="Five evenings.")
    last = publish(site, author, "Last")[0]  # comes after the edit
    await expect(pill(page)).to_have_text("2 new posts")
    await pill(page).click()
    await expect(card(page, kept).locator("h2")).to_have_text("After")
    await expect(card(page, last)).to_have_count(1)
    await expect(card(page, gone)).to_have_count(0)


async def test_edits_and_removals_further_up_do_not_move_what_is_read(
    site: Site, visit: Visit, author: Visitor
) -> None:
    shrinks, goes = publish(site, author, "Shrinks", "Goes")
    page = await reading(await visit("/"))
    # Not every browser keeps the place by itself as this one would.
    await page.evaluate("document.documentElement.style.overflowAnchor = 'none'")
    before = await place(page)
    height = await height_of(card(page, shrinks))
    edit(site, author, shrinks, title="A longer title, in several lines " * 6, body="Short.")
    await expect(card(page, shrinks)).to_contain_text("Short.")
    assert await height_of(card(page, shrinks)) != height
    assert await stays(page, before)
    author.post(f"/posts/{goes}/delete/")
    await expect(card(page, goes)).to_have_count(0)
    assert await stays(page, before)


async def test_what_slid_in_while_the_tab_was_hidden_is_counted_until_it_is_looked_at(
    site: Site, visit: Visit, author: Visitor
) -> None:
    page = await live(await visit("/"))
    # No tab of a headless browser is ever hidden; this one says that it is.
    tell = """(hidden) => {
      Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    await page.evaluate(tell, True)
    one, _ = publish(site, author, "One", "Two")
    await expect(page).to_have_title("(2) BookShelf: posts about books")
    await expect(card(page, one)).to_have_count(1)
    author.post(f"/posts/{one}/delete/")
    await expect(page).to_have_title("(1) BookShelf: posts about books")
    await page.evaluate(tell, False)
    await expect(page).to_have_title("BookShelf: posts about books")


async def test_a_page_of_older_posts_takes_no_new_ones(site: Site, visit: Visit, author: Visitor) -> None:
    page = await visit("/?before=9999999999999999-1")
    await live(page)
    await page.evaluate("scrollTo(0, 500)")
    (post_id,) = publish(site, author, "Not here")
    await expect(page.get_by_role("status")).to_contain_text("Not here")
    await expect(card(page, post_id)).to_have_count(0)
    await expect(pill(page)).to_have_count(0)
    await expect(page).to_have_title("BookShelf: posts about books")


async def test_a_list_that_is_fetched_anew_leaves_no_stale_pill(site: Site, visit: Visit, author: Visitor) -> None:
    sockets: list[WebSocketRoute] = []

    def pass_on(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        socket.connect_to_server()

    page = await visit("/nothing/")
    await page.route_web_socket(re.compile("/ws/"), pass_on)
    await page.goto(site.url)
    await reading(page)
    (post_id,) = publish(site, author, "Fetched")
    await expect(pill(page)).to_be_visible()
    before = await place(page)
    sockets[-1].send('{"type": "reset"}')
    await expect(card(page, post_id)).to_have_count(1)
    await expect(pill(page)).to_have_count(0)
    await expect(page).to_have_title("BookShelf: posts about books")
    assert await stays(page, before)
