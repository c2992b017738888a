"""How long from what one person does to what somebody else's browser shows: a post (its book already known), a like.

    python -m benchmarks.two_browsers [times]

Starts the whole site as `make run` does, on a catalogue of its own, and prints milliseconds.
"""

import statistics
import sys
import time

from playwright.sync_api import Page, sync_playwright

from tests.catalogue import Catalogue, picture
from tests.chromium import find_chromium
from tests.site import Site, Visitor

ISBN = "9780980200447"
# Counts are passed on four times a second; of likes in a row some would wait for the next round.
BETWEEN_LIKES = 300  # ms
WATCH = """
    window.arrived = {};
    window.counted = {};
    new MutationObserver(() => {
        for (const likes of document.querySelectorAll("[data-likes]")) {
            const key = `${likes.closest("[data-post-id]").dataset.postId}:${likes.textContent}`;
            window.counted[key] ??= Date.now();
        }
    }).observe(document.querySelector("[data-cards]"), { childList: true, characterData: true, subtree: true });
    new MutationObserver((changes) => {
        for (const change of changes) {
            for (const node of change.addedNodes) {
                if (node.dataset?.postId) window.arrived[node.dataset.postId] ??= Date.now();
            }
        }
    }).observe(document.querySelector("[data-cards]"), { childList: true });
"""


def measure_posts(author: Visitor, page: Page, times: int) -> tuple[int, list[float], list[float]]:
    """The last post's id, and milliseconds from the request's begin to its answer, and to the card."""
    answered, arrived = [], []
    for number in range(times + 1):
        begin = time.time()
        post_id = author.write(f"Post {number}", isbn=ISBN)
        end = time.time()
        page.wait_for_function("id => window.arrived[id]", arg=str(post_id))
        if number:  # the first one asks the catalogue and fetches the cover
            answered.append(1000 * (end - begin))
            arrived.append(page.evaluate("id => window.arrived[id]", str(post_id)) - 1000 * begin)
    return post_id, answered, arrived


def measure_likes(people: list[Visitor], page: Page, post_id: int) -> list[float]:
    """Milliseconds from the request's begin to the number in the browser, each person liking once."""
    counted = []
    for number, person in enumerate(people, start=1):
        page.wait_for_timeout(BETWEEN_LIKES)
        begin = time.time()
        person.post(f"/posts/{post_id}/like/")
        key = f"{post_id}:{number}"
        page.wait_for_function("key => window.counted[key]", arg=key)
        counted.append(page.evaluate("key => window.counted[key]", key) - 1000 * begin)
    return counted


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with Catalogue() as catalogue, Site(catalogue) as site, sync_playwright() as playwright:
        catalogue.add(ISBN, cover=picture())
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(site.url)
        page.wait_for_selector("[data-state=live]")
        page.evaluate(WATCH)
        post_id, answered, arrived = measure_posts(site.author(), page, times)
        liked = measure_likes([site.author() for _ in range(times)], page, post_id)
        browser.close()
    report("save answered", answered)
    report("card in the other browser", arrived)
    report("like counted in the other browser", liked)


def report(name: str, values: list[float]) -> None:
    spread = f"{min(values):.0f} to {max(values):.0f}"
    print(f"{name}: median {statistics.median(values):.0f} ms, {spread}, n={len(values)}")


if __name__ == "__main__":
    main()
