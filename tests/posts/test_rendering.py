from html.parser import HTMLParser

import pytest

from posts.models import slug_of
from posts.rendering import TAGS, render_body, render_markdown


class Elements(HTMLParser):
    """What a browser would make elements of."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))


def test_markdown_becomes_html() -> None:
    assert render_markdown("*a* **b**\n\n> c") == (
        "<p><em>a</em> <strong>b</strong></p>\n<blockquote>\n<p>c</p>\n</blockquote>\n"
    )


def test_headings_stand_below_the_page_s_own() -> None:
    assert render_markdown("# a\n\n###### b") == "<h2>a</h2>\n<h4>b</h4>\n"


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[a](javascript:alert(1))",
        "[a](JaVaScRiPt&#58;alert(1))",
        "[a](data:text/html;base64,PHNjcmlwdD4=)",
        "[a](vbscript:msgbox(1))",
        "<javascript:alert(1)>",
        '[a](https://example.org "x\\" onmouseover=\\"alert(1)")',
        "![a](https://example.org/spy.png)",
        "<iframe src=https://example.org></iframe>",
        "<style>*{display:none}</style>",
        "<svg/onload=alert(1)>",
        "[a]: javascript:alert(1)\n[a]",
    ],
)
def test_nothing_that_runs_or_loads_comes_out(attack: str) -> None:
    elements = Elements()
    elements.feed(render_markdown(attack))
    for tag, attributes in elements.found:
        assert tag in TAGS
        assert set(attributes) <= {"href", "title", "rel"}
        assert attributes.get("href", "https:").startswith(("https:", "http:", "mailto:"))


def test_links_are_marked_as_a_stranger_s() -> None:
    assert 'rel="nofollow ugc noopener noreferrer"' in render_markdown("[a](https://example.org)")


def test_the_excerpt_is_text_and_keeps_words_apart() -> None:
    assert render_body("# One\n\ntwo & <three>\n\n* four\n* five").excerpt == "One two & <three> four five"


def test_a_long_excerpt_ends_in_an_ellipsis() -> None:
    excerpt = render_body("word " * 200).excerpt
    assert len(excerpt) <= 280
    assert excerpt.endswith(" word…")
    assert len(render_body("x" * 999).excerpt) == 280


def test_the_reading_time_is_a_minute_at_least() -> None:
    assert render_body("a").minutes == 1
    assert render_body("word " * 660).minutes == 3


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("On reading slowly!", "on-reading-slowly"),
        ("Søren & Ana", "sren-ana"),
        ("読書", "post"),
        ("Edit", "edit-post"),
        ("delete", "delete-post"),
    ],
)
def test_a_slug_is_never_empty_nor_another_address(title: str, slug: str) -> None:
    assert slug_of(title) == slug


def test_what_entities_stand_for_keeps_to_its_line_and_direction() -> None:
    html = render_body("&#x202E;abc a" + "&#x301;" * 30 + " e" + "&#x301;&#x200d;" * 30).html
    assert "\u202e" not in html
    assert html.count("\u0301") == 16


class TestSpoiler:
    def test_what_stands_between_bars_is_hidden_until_a_box_is_ticked(self) -> None:
        html = render_markdown("It was ||the **butler**||.")
        elements = Elements()
        elements.feed(html)
        assert [tag for tag, _ in elements.found] == ["p", "label", "input", "span", "strong"]
        assert elements.found[2] == ("input", {"type": "checkbox", "aria-label": "Show a spoiler"})
        assert html.endswith("<span>the <strong>butler</strong></span></label>.</p>\n")

    @pytest.mark.parametrize(
        "text",
        ["a || b || c", "a ||b", "||||", "|| ||", "|a|", "`||a||`", "\\||a\\||", "||a\n\nb||", "```\n||a||\n```"],
    )
    def test_other_bars_are_bars(self, text: str) -> None:
        assert "spoiler" not in render_markdown(text)

    def test_no_excerpt_tells_it(self) -> None:
        body = "It was ||the *butler*|| and\n\n> ||his\nwife|| who did it."
        assert render_body(body).excerpt == "It was … and … who did it."

    @pytest.mark.parametrize("text", ["||" * 9_000, "||a" * 6_000, "||a||" * 4_000, "*||" * 6_000, "[||" * 6_000])
    def test_however_many_bars_there_are(self, text: str) -> None:
        assert render_body(text).html
