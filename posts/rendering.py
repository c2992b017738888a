"""From what an author wrote to what a browser may show. Publishing and the form's preview both use it."""

import re
import unicodedata
from dataclasses import dataclass
from html import unescape

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from .models import BIDI_CONTROLS

EXCERPT_LENGTH = 280
WORDS_A_MINUTE = 220
# Left out of what is typed. A NUL is not, it is refused: nobody types that.
CONTROLS = BIDI_CONTROLS | dict.fromkeys([*range(0x01, 0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0)])
MOST_MARKS = 8  # on one letter; no script needs half of that, and more reach into the lines around

TAGS = {"a", "blockquote", "br", "code", "em", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre", "strong", "ul"}
# A box to tick needs no script, is met by the keyboard, and what follows it is not read aloud until then.
SPOILER = '<label class="spoiler"><input type="checkbox" aria-label="Show a spoiler"><span>'
SPOILER_TAGS = {"label": {"class"}, "input": {"type", "aria-label"}, "span": set[str]()}
HIDDEN = re.compile(f"{SPOILER}.*?</span></label>", re.DOTALL)


def spoiler(state: StateInline, silent: bool) -> bool:
    """A rule of Markdown: what stands between two pairs of bars."""
    if not state.src.startswith("||", state.pos):
        return False
    end = state.src.find("||", state.pos + 2, state.posMax)
    hidden = state.src[state.pos + 2 : max(end, 0)]
    # As with emphasis, no space next to the marks: "a || b || c" is something else.
    if not hidden or hidden != hidden.strip():
        return False
    if not silent:
        inside: list[Token] = []
        state.md.inline.parse(hidden, state.md, state.env, inside)
        state.push("html_inline", "", 0).content = SPOILER
        state.tokens += inside
        state.push("html_inline", "", 0).content = "</span></label>"
    state.pos = end + 2
    return True


# Pictures in a text would load from, and so report readers to, wherever an author points.
markdown = MarkdownIt("commonmark", {"html": False, "maxNesting": 20}).disable("image")
markdown.inline.add_terminator_char("|")
markdown.inline.ruler.before("emphasis", "spoiler", spoiler)


@dataclass(frozen=True)
class Rendering:
    html: str
    excerpt: str
    minutes: int


def render_markdown(text: str) -> str:
    """Safe HTML from an author's Markdown, whatever that holds."""
    # The page's own heading is the first level.
    html = re.sub(r"<(/?)h([1-6])>", lambda tag: f"<{tag[1]}h{min(int(tag[2]) + 1, 4)}>", markdown.render(text))
    clean = nh3.clean(
        html,
        tags=TAGS | set(SPOILER_TAGS),
        attributes={"a": {"href", "title"}, **SPOILER_TAGS},
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow ugc noopener noreferrer",
    )
    # Here as well as in the form: Markdown makes characters of entities.
    return without_towers(clean.translate(BIDI_CONTROLS))


def without_towers(text: str) -> str:
    """The text with so many marks on each letter as stay in their line."""
    if text.isascii():
        return text
    kept, marks = [], 0
    for character in text:
        category = unicodedata.category(character)
        if category in ("Mn", "Me"):
            marks += 1
        elif category != "Cf":  # what joins letters is none
            marks = 0
        if marks <= MOST_MARKS:
            kept.append(character)
    return "".join(kept)


def render_body(text: str) -> Rendering:
    html = render_markdown(text)
    plain = plain_text(html)
    return Rendering(
        html=html,
        excerpt=shorten(plain),
        minutes=max(1, round(len(plain.split()) / WORDS_A_MINUTE)),
    )


def plain_text(html: str) -> str:
    """The words of what `render_markdown` made, without those that are hidden."""
    told = HIDDEN.sub("…", html)
    # Blocks become spaces so that the last word of one and the first of the next stay two.
    spaced = re.sub(r"<(?=/?(p|li|h[2-4]|blockquote|pre|br|hr)\b)", " <", told)
    return " ".join(unescape(nh3.clean(spaced, tags=set())).split())


def shorten(text: str) -> str:
    """The beginning, up to a whole word where there is one to end with."""
    if len(text) <= EXCERPT_LENGTH:
        return text
    beginning = text[: EXCERPT_LENGTH - 1]
    return (beginning.rpartition(" ")[0] or beginning).rstrip(" .,;:") + "…"
