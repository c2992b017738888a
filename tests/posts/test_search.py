"""The search: the same is found on both databases, and nothing that a reader is not to see."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from posts import index
from posts.models import Book, Post, PostWords
from posts.search import ids_of

from ..conftest import MakePost

pytestmark = pytest.mark.django_db


@pytest.fixture
def make_found(make_published: MakePost) -> MakePost:
    """A post that is published and in the index, its text as it is written."""

    def make(**columns: object) -> Post:
        post = make_published(**columns)
        index.catch_up()
        return post

    return make


def titles(client: Client, q: str, **query: str) -> list[str]:
    return [row.shown_title for row in client.get("/search/", {"q": q, **query}).context["rows"]]


@pytest.fixture
def summer(make_published: MakePost) -> Book:
    book = Book.objects.create(key="text:1", title="The Summer Book", author="Tove Jansson", isbn="9780980200447")
    make_published(title="An island", book=book, tags="finland sea-stories")
    make_published(title="Über Bücher", shown_book_title="Ο Πύργος", tags="bücher")
    make_published(title="读三体", shown_book_title="Война и мир")
    make_published(title="C++ or C#", shown_book_title="कामायनी")
    index.catch_up()
    return book


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("island", ["An island"]),
        ("ISLAND an", ["An island"]),
        ("summer jansson", ["An island"]),
        ("tove summ", ["An island"]),
        ("summ tove", []),  # the last word alone may be a beginning
        ("978-0-9802-0044-7", ["An island"]),
        ("0 9802 0044 X", ["An island"]),
        ("sea-stories", ["An island"]),
        ("finl", ["An island"]),
        ("ann", ["C++ or C#", "读三体", "Über Bücher", "An island"]),
        ("uber bucher", ["Über Bücher"]),
        ("ÜBER", ["Über Bücher"]),
        ("πυργος", ["Über Bücher"]),
        ("三体", ["读三体"]),
        ("体", ["读三体"]),
        ("воина", ["读三体"]),
        ("c++", ["C++ or C#"]),
        ("c#", ["C++ or C#"]),
        ("c", []),
        ("#finland", ["An island"]),
        ("#c#", ["C++ or C#"]),
        ("कामायनी", ["C++ or C#"]),
        ("क", []),
        ("island nowhere", []),
        ('"an island"', ["An island"]),
        ("an OR nothing", []),
        ("an & (isl*)", ["An island"]),
        ("b:summer", []),
        ("words:island", []),
    ],
)
def test_all_words_are_found_however_they_are_written(client: Client, summer: Book, q: str, found: list[str]) -> None:
    assert titles(client, q) == found


def test_the_text_of_a_post_is_found_without_what_gives_the_book_away(client: Client, make_found: MakePost) -> None:
    open_ = make_found(title="Open")
    Post.objects.filter(pk=open_.pk).update(
        html='<p>quiet</p><p>evenings <label class="spoiler"><input type="checkbox" aria-label="Show a spoiler">'
        "<span>butler</span></label></p>",
        index_due=True,
    )
    folded = make_found(title="Folded", shown_spoiler=True)
    Post.objects.filter(pk=folded.pk).update(html="<p>quiet butler</p>", index_due=True)
    index.catch_up()
    assert titles(client, "quiet evenings") == ["Open"]
    assert titles(client, "quiet") == ["Open"]
    assert titles(client, "butler") == titles(client, "spoiler") == titles(client, "label") == []
    assert titles(client, "folded") == ["Folded"]


def test_books_authors_and_tags_are_found_by_their_names(client: Client, summer: Book) -> None:
    page = client.get("/search/", {"q": "the summ"}).content.decode()
    assert f'<a href="/books/{summer.pk}/the-summer-book/"><cite dir="auto">The Summer Book</cite></a> by' in page
    assert '<a href="/authors/ann/"><bdi>ann</bdi></a></li>' in client.get("/search/", {"q": "AN"}).content.decode()
    for q, tag in (("sea st", "sea-stories"), ("fin", "finland"), ("bucher", "b%C3%BCcher")):
        assert f'<li><a href="/tags/{tag}/"' in client.get("/search/", {"q": q}).content.decode().partition("card")[0]
    context = client.get("/search/", {"q": "island"}).context
    assert [list(context[name]) for name in ("books", "authors", "tags")] == [[], [], []]


def test_only_what_readers_see_is_found(
    client: Client, make_found: MakePost, make_post: MakePost, bob: User, ann: User
) -> None:
    make_post(title="island waiting")
    hidden, deleted = make_found(title="island hidden"), make_found(title="island deleted")
    Post.objects.filter(pk=hidden.pk).update(hidden_at=hidden.published_at)
    deleted.delete()
    edited = make_found(title="island shown")
    edited.title = "harbour"
    edited.edit()
    index.catch_up()
    assert titles(client, "island") == ["island shown"]
    assert titles(client, "harbour") == []
    assert not PostWords.objects.filter(pk=deleted.pk).exists()
    client.force_login(bob)
    client.post("/authors/ann/interest/", {"wish": "mute"})
    assert titles(client, "island") == []
    User.objects.filter(pk=ann.pk).update(is_active=False)
    assert list(Client().get("/search/", {"q": "ann"}).context["authors"]) == []


def test_it_goes_on_page_by_page_newest_first(client: Client, make_published: MakePost) -> None:
    for number in range(45):
        make_published(title=f"island {number}")
    while index.catch_up():
        pass
    page, found = client.get("/search/", {"q": "isla"}), []
    while True:
        found += [row.shown_title for row in page.context["rows"]]
        if not page.context["older"]:
            break
        assert f'href="?q=isla&amp;before={page.context["older"]}"' in page.content.decode()
        page = client.get("/search/", {"q": "isla", "before": page.context["older"]})
    assert found == [f"island {number}" for number in reversed(range(45))]


@pytest.mark.parametrize("q", ["", " ", "!?", '"', "\0", "*", "()"])
def test_where_no_word_is_asked_for_nothing_is_found_and_said(client: Client, summer: Book, q: str) -> None:
    answer = client.get("/search/", {"q": q})
    assert answer.status_code == 200
    assert "card" not in answer.content.decode()
    assert ("no word in this" in answer.content.decode()) == bool(q)


@pytest.mark.parametrize("before", ["x", "-1", "9" * 19])
def test_a_page_that_starts_nowhere_is_not_found(client: Client, summer: Book, before: str) -> None:
    assert client.get("/search/", {"q": "island", "before": before}).status_code == 404


@hypothesis(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(text=st.text(max_size=120), other=st.text(max_size=30))
def test_whatever_is_written_is_found_by_its_own_words_and_nothing_is_an_error(
    make_post: MakePost, text: str, other: str
) -> None:
    assert "\0" not in " ".join(index.words_in(text))
    post = make_post()
    PostWords.objects.create(post=post, words=" ".join(dict.fromkeys(index.words_in(text))))
    words = index.words_in(text)
    for asked in filter(None, [words[:10], words[-3:]]):
        assert ids_of(index.matching(asked, limit=1)) == [post.pk]
    if asked := index.words_in(other)[:10]:
        own = set(words)
        is_there = own.issuperset(asked[:-1]) and any(
            word == asked[-1] or (len(asked[-1]) >= index.SHORTEST_BEGINNING and word.startswith(asked[-1]))
            for word in own
        )
        assert bool(ids_of(index.matching(asked, limit=1, before=post.pk + 1))) >= is_there
    PostWords.objects.filter(pk=post.pk).delete()
    if words:
        assert ids_of(index.matching(words[:10], limit=1)) == []


def test_it_goes_by_the_index(summer: Book) -> None:
    found = index.matching(["island"], limit=20)
    with index.asked(), connection.cursor() as cursor:
        explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
        cursor.execute(f"{explain} {found.sql}", found.params)
        plan = "\n".join(str(row[-1]) for row in cursor.fetchall())
    assert ("posts_found VIRTUAL TABLE INDEX" if connection.vendor == "sqlite" else "Scan on post_words") in plan, plan
    assert "TEMP B-TREE" not in plan
