"""Every word in the reader's language: pages, mistakes in forms, what scripts say, and cards that come live."""

import gettext
import re
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.async_api import Browser, expect

from posts.models import Post
from posts.moderation import Deed, decide
from posts.words import WORDS
from updater import log

from .conftest import MakePost, Visit, live
from .site import Site

ROOT = Path(__file__).parents[1]
GERMAN = {"accept-language": "de-AT,de;q=0.9,en;q=0.5"}


def catalogue() -> dict[str, list[str]]:
    """What stands in the file that people edit: of each text its translations, one or two."""
    text = (ROOT / "locale/de/LC_MESSAGES/django.po").read_text()
    found = {}
    for entry in text.split("\n\n")[1:]:
        joined = re.sub(r'"\n"', "", entry)
        source = re.search(r'^msgid "(.*)"$', joined, re.MULTILINE)
        assert source, entry
        assert "#, fuzzy" not in entry
        found[unescaped(source[1])] = [
            unescaped(said) for said in re.findall(r'^msgstr(?:\[\d\])? "(.*)"$', joined, re.MULTILINE)
        ]
    return found


def unescaped(text: str) -> str:
    return text.replace('\\"', '"').replace("\\n", "\n")


def test_everything_is_translated_and_compiled_as_it_stands() -> None:
    with open(ROOT / "locale/de/LC_MESSAGES/django.mo", "rb") as file:
        compiled = gettext.GNUTranslations(file)
    assert len(catalogue()) > 300
    for text, said in catalogue().items():
        assert all(said), text
        assert compiled.ngettext(text, text, 1) == said[0] if len(said) > 1 else compiled.gettext(text) == said[0]
        assert {*re.findall(r"%\(\w+\)s|{\w+}", text)} == {*re.findall(r"%\(\w+\)s|{\w+}", said[0])}, text


def test_templates_and_scripts_say_nothing_that_is_not_in_it() -> None:
    templates = "".join(path.read_text() for path in (ROOT / "templates").rglob("*.*"))
    marked = {text for _, text in re.findall(r"""{% translate (["'])(.+?)\1 ?%}""", templates)}
    marked |= set(re.findall(r'_\("([^"]+)"\)', templates))
    scripts = "".join(path.read_text() for path in (ROOT / "static/js").glob("*.js"))
    said = {text for call in re.findall(r"(?<![\w.])t\(([^()]*)", scripts) for text in re.findall(r'"([^"]+)"', call)}
    said |= set(re.findall(r'data-t="([^"{]+|{n} [^"%]+)"', templates))
    assert marked - catalogue().keys() == set()
    assert len(marked) > 150
    assert said - set(WORDS) - {"granted"} == set()
    assert len(said) > 20
    assert set(WORDS) - catalogue().keys() == set()


@pytest.mark.django_db
class TestPages:
    def test_a_reader_gets_the_first_of_their_languages_that_there_is(
        self, client: Client, make_published: MakePost
    ) -> None:
        make_published(
            shown_book_title="Slow reading", shown_book_author="John Miedema", spoiler=True, shown_spoiler=True
        )
        german = client.get("/", headers=GERMAN)
        text = german.content.decode()
        for said in (
            '<html lang="de">',
            ">Neueste</a>",
            ">über</span>",
            "Dieser Beitrag verrät",
            "0 Kommentare",
            "1 Min.",
        ):
            assert said in text
        assert re.search(r">\d+\. \w+ 20\d\d</time>", text)
        assert german.headers["Content-Language"] == "de"
        assert "Accept-Language" in german.headers["Vary"]
        for languages in ("fr", "", "en-GB,de"):
            english = client.get("/", headers={"accept-language": languages}).content.decode()
            assert '<html lang="en">' in english
            assert ">Latest</a>" in english
            assert 'id="words"' not in english

    def test_large_numbers_are_written_as_they_are_there(self, client: Client, make_published: MakePost) -> None:
        post = make_published(like_count=1234)
        assert "<span data-likes>1.234</span>" in client.get(post.get_absolute_url(), headers=GERMAN).content.decode()
        assert "<span data-likes>1,234</span>" in client.get(post.get_absolute_url()).content.decode()

    def test_a_choice_is_kept_and_needs_no_script(self, client: Client) -> None:
        assert (
            '<button class="link" name="language" value="de" lang="de">Deutsch</button>'
            in client.get("/").content.decode()
        )
        answer = client.post("/language/", {"language": "de", "next": "/search/"})
        assert answer.headers["Location"] == "/search/"
        assert ">Suche</h1>" in client.get("/search/").content.decode()
        assert client.post("/language/", {"language": "xx", "next": "//evil.example"}).headers["Location"] == "/"
        assert ">Suche</h1>" in client.get("/search/").content.decode()

    def test_a_copy_in_one_language_is_none_in_another(self, client: Client) -> None:
        copy = client.get("/").headers["ETag"]
        asked = {"if-none-match": copy}
        assert client.get("/", headers=asked).status_code == 304
        assert client.get("/", headers=asked | GERMAN).status_code == 200
        assert "Accept-Language" in client.get("/", headers=asked).headers["Vary"]

    def test_mistakes_and_messages_are_said_in_it_too(self, client: Client, ann: User) -> None:
        client.force_login(ann)
        answer = client.post("/posts/new/", {"title": "x", "isbn": "9780980200448", "tags": "c++"}, headers=GERMAN)
        text = answer.content.decode()
        for said in ("Ist eine vertippt?", "„c++“ kann kein Schlagwort sein", "Dieses Feld ist zwingend erforderlich."):
            assert said in text
        assert "Seite gibt es nicht" in client.get("/nothing/", headers=GERMAN).content.decode()
        signup = Client().post("/accounts/signup/", {"username": "--", "email": "x"}, headers=GERMAN).content.decode()
        assert "Ein Benutzername hat mindestens einen Buchstaben" in signup

    def test_a_card_that_is_sent_live_is_the_same_whoever_causes_it(
        self, client: Client, make_published: MakePost, bob: User
    ) -> None:
        post = make_published(shown_book_title="Slow reading")
        User.objects.filter(pk=bob.pk).update(is_staff=True)
        assert decide(Deed.HIDE, Post.objects.get(), bob, "Spam.")
        client.force_login(bob)
        client.post(f"/moderation/posts/{post.pk}/", {"deed": "restore"}, headers=GERMAN)
        notices = log.read(log.head().epoch, 0)
        assert notices
        assert ">on</span>" in (notices[-1].content or "").replace('\\"', '"')


COUNTED = """async () => {
  const script = performance.getEntriesByType("resource").find(({ name }) => name.endsWith("/words.js"));
  return (await import(script.name)).t("{n} comments", { n: 1234 });
}"""


async def test_what_comes_live_is_in_the_reader_s_language(site: Site, browser: Browser) -> None:
    author = site.author()
    page = await (await browser.new_context(locale="de-DE")).new_page()
    await page.goto(site.url)
    await expect(page.get_by_text("live")).to_be_visible()
    with site.reader() as reader:
        post = author.write(
            "Auf Deutsch gelesen", book_title="Das Sommerbuch", book_author="Tove Jansson", spoiler="on"
        )
        reader.until(post)
    card = page.locator(f"[data-post-id='{post}']")
    await expect(card).to_contain_text("über Das Sommerbuch von Tove Jansson · gerade eben")
    await expect(card).to_contain_text("Dieser Beitrag verrät, was im Buch geschieht.")
    await expect(card).to_contain_text("0 Kommentare")
    await expect(card).to_contain_text("1 Min.")
    await expect(page.get_by_role("link", name="Neuer Beitrag: Auf Deutsch gelesen")).to_be_visible()
    await expect(page.get_by_role("button", name="Hinweise: an")).to_be_visible()
    assert await page.evaluate(COUNTED) == "1.234 Kommentare"
    await page.get_by_role("button", name="English").click()
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await expect(card).to_contain_text("on Das Sommerbuch by Tove Jansson")


# A language that there is not: longer than English, with marks above and below, and from right to left.
PSEUDO = """() => {
  document.documentElement.dir = "rtl";
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode;
    if (!node.parentElement.closest("script")) {
      node.textContent = node.textContent.replace(/[aeiou]/g, (vowel) => vowel + vowel + "\\u0308");
    }
  }
}"""
WIDER = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.mark.parametrize("width", [320, 1100])
async def test_a_language_from_right_to_left_lays_out_right(site: Site, visit: Visit, width: int) -> None:
    author = site.author()
    with site.reader() as reader:
        post = author.write(
            "From the right", tags="essays finland", book_title="The Summer Book", book_author="Tove Jansson"
        )
        reader.until(post)
    page = await visit("/", author)
    await page.set_viewport_size({"width": width, "height": 800})
    addresses = ["/", f"/posts/{post}/", "/posts/new/", "/search/?q=summer", "/notifications/", "/following/", "/mine/"]
    for address in [*addresses, "/drafts/", "/accounts/email/", "/nothing/"]:
        await page.goto(site.url + address)
        await page.evaluate(PSEUDO)
        assert not await page.evaluate(WIDER), address
        brand = await page.locator(".brand").bounding_box()
        assert brand
        assert brand["x"] > width / 2, address
    await page.goto(site.url)
    await live(page)
    await page.evaluate(PSEUDO)
    card = page.locator(".card").first
    cover, title = await card.locator(".to-cover").bounding_box(), await card.locator("h2").bounding_box()
    assert cover
    assert title
    assert cover["x"] > title["x"] + title["width"]
