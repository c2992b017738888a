"""HTML of other sites as Markdown: what a reader sees stays the same."""

import re
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posts.htmltext import to_markdown
from posts.rendering import render_body, render_markdown


def shown(html: str) -> str:
    return re.sub(r"\n", "", render_markdown(to_markdown(html)))


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("One.<br/>Two.<br/><br/>Three.", "<p>One.<br>Two.</p><p>Three.</p>"),
        ("<p>One.</p><p>Two.</p>", "<p>One.</p><p>Two.</p>"),
        ("I <b>really</b> <i>liked </i>it.", "<p>I <strong>really</strong> <em>liked</em> it.</p>"),
        ("un<em>believ</em>able", "<p>un<em>believ</em>able</p>"),
        ("<i>One.<br/><br/>Two.</i>", "<p><em>One.</em></p><p><em>Two.</em></p>"),
        ("<b>open", "<p><strong>open</strong></p>"),
        ("a</b></i>b", "<p>ab</p>"),
        ("<blockquote>One.<br/>Two.</blockquote>Three.", "<blockquote><p>One.<br>Two.</p></blockquote><p>Three.</p>"),
        ("<ul><li>One</li><li>Two</li></ul>", "<ul><li>One</li><li>Two</li></ul>"),
        ("x<script>y</script><img src=a>z", "<p>xz</p>"),
        ("a<!--b--><![c[d]]><p", "<p>a&lt;!--b--&gt;&lt;![c[d]]&gt;&lt;p</p>"),
        ("<A HREF=x><B CLASS=y>a</B></A\n>b", "<p><strong>a</strong>b</p>"),
        ("5 &lt; 6 &amp; 7", "<p>5 &lt; 6 &amp; 7</p>"),
    ],
)
def test_it_looks_as_it_did(html: str, expected: str) -> None:
    assert shown(html) == expected


def test_a_link_stays_one_where_it_leads_to_the_web() -> None:
    assert 'href="https://example.org/a"' in shown('<a href="https://example.org/a">there</a>')
    for elsewhere in ("javascript:alert(1)", "https://a.example/)(", "/show/1", ""):
        assert shown(f'<a href="{elsewhere}">there</a>') == "<p>there</p>"


@pytest.mark.parametrize(
    "text",
    ["# no heading", "- no item", "1. no item", "> no quotation", "*no* _marks_", "[no](https://link.example)"]
    + ["`no code`", "&amp;lt;", "<b>", "===", "---", "~~~", "a\\", "C:\\new", "    no code", "![x](y)", "+1", "2) b"],
)
def test_what_was_text_is_text_and_no_markdown(text: str) -> None:
    assert shown(escape(text)) == f"<p>{escape(text.strip(), quote=False)}</p>"


@given(st.text(st.sampled_from("ab 12.)#>-+=*_`[]()<&;\\!~\n"), max_size=40))
def test_no_text_loses_a_character(text: str) -> None:
    seen = render_body(to_markdown(escape(text).replace("\n", "<br/>"))).excerpt
    assert "".join(seen.split()) == "".join(text.split())


def test_what_is_nested_too_deep_is_text() -> None:
    """Were each level joined anew, a review would take minutes."""
    assert to_markdown("<b>" * 15_000 + "deep") == "*" * 20 + "deep" + "*" * 20
