"""How long from pressing "Publish" to the card in somebody else's browser, the book already known.

    python -m benchmarks.save_to_card [posts]

Starts the whole site as `make run` does, on a catalogue of its own, and prints milliseconds.
"""

import statistics
import sys
import time

from playwright.sync_api import Page, sync_playwright

from tests.catalogue import Catalogue, picture
from tests.chromium import find_chromium
from tests.site import Site

ISBN = "9780980200447"
WATCH = """
    window.arrived = {};
    new MutationObserver((changes) => {
        for (const change of changes) {
            for (const node of change.addedNodes) {
                if (node.dataset?.postId) window.arrived[node.dataset.postId] ??= Date.now();
            }
        }
    }).observe(document.querySelector("[data-cards]"), { childList: true });
"""


def measure(site: Site, page: Page, posts: int) -> tuple[list[float], list[float]]:
    """Milliseconds from the request's begin to its answer, and to the card."""
    author = site.author()
    page.goto(site.url)
    page.wait_for_selector("[data-state=live]")
    page.evaluate(WATCH)
    answered, arrived = [], []
    for number in range(posts + 1):
        begin = time.time()
        post_id = author.write(f"Post {number}", isbn=ISBN)
        end = time.time()
        page.wait_for_function("id => window.arrived[id]", arg=str(post_id))
        if number:  # the first one asks the catalogue and fetches the cover
            answered.append(1000 * (end - begin))
            arrived.append(page.evaluate("id => window.arrived[id]", str(post_id)) - 1000 * begin)
    return answered, arrived


def main() -> None:
    posts = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with Catalogue() as catalogue, Site(catalogue) as site, sync_playwright() as playwright:
        catalogue.add(ISBN, cover=picture())
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        answered, arrived = measure(site, browser.new_page(), posts)
        browser.close()
    report("save answered", answered)
    report("card in the other browser", arrived)


def report(name: str, values: list[float]) -> None:
    spread = f"{min(values):.0f} to {max(values):.0f}"
    print(f"{name}: median {statistics.median(values):.0f} ms, {spread}, n={len(values)}")


if __name__ == "__main__":
    main()
