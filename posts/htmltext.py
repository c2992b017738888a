"""From the little HTML that other sites keep reviews in to Markdown that says the same."""

import re
from html import unescape

MARKS = {"b": "**", "strong": "**", "i": "*", "em": "*"}
BLOCKS = {"p", "div", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6"}
UNSEEN = {"script", "style"}
KNOWN = {*MARKS, *BLOCKS, *UNSEEN, "a", "blockquote", "li"}
# A tag or a text. Python's own parser is asked for more, and takes half a minute for 40 KB of what never ends.
PIECES = re.compile(r"<(?P<ends>/?)(?P<name>[A-Za-z][A-Za-z0-9]{0,15})(?P<attributes>(?:[\s/][^<>]{0,1000})?)>|[^<]+|<")
LINK = re.compile(r"""\shref\s{0,9}=\s{0,9}["']?([^"'\s]+)""", re.IGNORECASE)
DEEPEST = 10  # what is nested further down is text alone


def to_markdown(html: str) -> str:
    """Markdown of which the site makes the same text, with its emphasis, quotations, lists and links.

    What was a character stays one: nothing in the text becomes Markdown by chance. Pictures are left out.
    """
    reader = Reader()
    reader.read(html)
    return tidied(reader.rest())


class Reader:
    """Each open tag has what was read within it; where it ends, that becomes Markdown in the one around it."""

    def __init__(self) -> None:
        self._open: list[tuple[str, str, list[str]]] = [("", "", [])]  # the tag, its link, the text within

    def read(self, html: str) -> None:
        for tag in PIECES.finditer(html):
            ends, name, attributes = tag["ends"], (tag["name"] or "").lower(), tag["attributes"] or ""
            if not name:
                self._add(escaped(re.sub(r"[ \t]+", " ", unescape(tag[0]))))
            elif ends:
                self._end(name)
            elif name == "br":
                self._add("\n")
            elif name in KNOWN and len(self._open) <= DEEPEST:
                link = LINK.search(attributes)
                self._open.append((name, unescape(link[1]) if link else "", []))

    def _end(self, tag: str) -> None:
        if any(tag == name for name, _, _ in self._open[1:]):
            while self._close() != tag:
                pass

    def rest(self) -> str:
        while len(self._open) > 1:
            self._close()
        return "".join(self._open[0][2])

    def _add(self, text: str) -> None:
        self._open[-1][2].append(text)

    def _close(self) -> str:
        tag, link, pieces = self._open.pop()
        self._add(around("".join(pieces), tag, link))
        return tag


def around(text: str, tag: str, link: str) -> str:
    """The Markdown of an element."""
    inner = text.strip()
    if not inner or tag in UNSEEN:
        return ""
    # Spaces at its edges belong to the text around it: inside of them marks would be none.
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    if tag in MARKS:
        # Over several paragraphs it is marked in each.
        parts = re.split(r"(\n\s*)", inner)
        return before + "".join(p if p.isspace() or not p else f"{MARKS[tag]}{p}{MARKS[tag]}" for p in parts) + after
    if tag == "a" and re.fullmatch(r"https?://[^\s<>()\\]+", link):
        return f"{before}[{' '.join(inner.split())}]({link}){after}"
    if tag == "blockquote":
        return "\n\n" + "\n".join(f"> {line}".rstrip() for line in tidied(inner).split("\n")) + "\n\n"
    if tag == "li":
        return f"\n- {' '.join(inner.split())}\n"
    if tag in ("ul", "ol"):
        inner = "\n".join(line for line in inner.split("\n") if line.strip())
    return f"\n\n{inner}\n\n" if tag in BLOCKS else text


def escaped(text: str) -> str:
    """The text, so that Markdown reads it as text."""
    text = re.sub(r"([\\`*_\[\]<])", r"\\\1", text)
    text = re.sub(r"&(?=#?\w+;)", r"\\&", text)
    # What makes a heading, a quotation, a rule or a list at the beginning of a line.
    text = re.sub(r"(?m)^([ \t]*)([#>+\-=~])", r"\1\\\2", text)
    return re.sub(r"(?m)^([ \t]*\d{1,9})([.)])", r"\1\\\2", text)


def tidied(text: str) -> str:
    """Lines without spaces around, one empty line between paragraphs, and a break where a line ended."""
    lines = "\n".join(line.strip() for line in text.split("\n"))
    paragraphs = re.split(r"\n{2,}", lines.strip("\n"))
    return "\n\n".join(broken(paragraph) for paragraph in paragraphs)


def broken(paragraph: str) -> str:
    """Each line of it on a line of its own; a list's and a quotation's are so already."""
    if paragraph.startswith(">"):
        return paragraph
    return re.sub(r"\n(?!- )", "\\\\\n", paragraph)
