"""Open Library's answers, in the shapes that it gives and in those that it should not."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from tasks import openlibrary
from tasks.found import LONGEST_TEXT, Found, Guess
from tasks.outside import NoAnswer, NotFound, Outside, Refused, Unreachable

from ..catalogue import Answer, Catalogue, json_of, picture, status
from ..strange import any_json, same_catalogue, spoiled

ISBN = "9780980200447"


RECORD = {
    "key": "/books/OL22853304M",
    "title": "Slow reading",
    "authors": [{"name": "John Miedema", "url": "https://openlibrary.org/authors/OL1A"}],
    "publish_date": "2009",
    "cover": {"large": "https://covers.openlibrary.org/b/id/5546156-L.jpg"},
}
WORK = {
    "key": "/works/OL1W",
    "title": "Sommarboken",
    "author_name": ["Tove Jansson"],
    "first_publish_year": 1972,
    "cover_i": 7,
    "editions": {"numFound": 1, "docs": [{"key": "/books/OL7M", "title": "The Summer Book", "cover_i": 8}]},
}


def ask() -> Found:
    with Outside() as outside:
        return openlibrary.by_isbn(outside, ISBN)


def answered(catalogue: Catalogue, record: Any) -> Found:
    catalogue.answer("/api/books", json_of({f"ISBN:{ISBN}": record}))
    return ask()


def search(title: str = "The Summer Book", author: str = "Tove Jansson") -> Found:
    with Outside() as outside:
        return openlibrary.by_title(outside, title, author)


def searched(catalogue: Catalogue, *works: Any) -> Found:
    catalogue.answer("/search.json", json_of({"numFound": len(works), "start": 0, "docs": works}))
    return search()


def test_a_book_is_found_by_one_call(catalogue: Catalogue) -> None:
    catalogue.add(ISBN, cover=picture())
    assert ask() == Found(
        source_name="Open Library",
        title="Slow reading",
        author="John Miedema",
        year="2009",
        source_url="https://openlibrary.org/books/OL22853304M",
        cover_id=5_546_156,
    )
    assert catalogue.asked == [f"/api/books?bibkeys=ISBN%3A{ISBN}&jscmd=data&format=json"]


def test_an_empty_object_is_not_found(catalogue: Catalogue) -> None:
    with pytest.raises(NotFound):
        ask()


def test_several_authors_stand_in_one_line(catalogue: Catalogue) -> None:
    assert answered(catalogue, {"title": "a", "authors": [{"name": "Ann"}, {"name": "Bob"}]}).author == "Ann, Bob"


@pytest.mark.parametrize("body", [b"[]", b"null", b"3", b'"x"', b"<html></html>", b"var _OLBookInfo = {};", b""])
def test_an_answer_of_another_shape_is_unreachable(catalogue: Catalogue, body: bytes) -> None:
    catalogue.answer("/api/books", status(200, body))
    with pytest.raises(Unreachable):
        ask()


@pytest.mark.parametrize("record", [None, [], "x", {}, {"title": None}, {"title": 7}, {"title": " \n"}])
def test_a_record_without_a_title_is_unreachable(catalogue: Catalogue, record: Any) -> None:
    with pytest.raises(Unreachable):
        answered(catalogue, record)


@pytest.mark.parametrize("value", [None, 7, "x", [], {}, [None], [7], [{}], [{"name": None}], [{"name": ["x"]}], True])
@pytest.mark.parametrize("name", ["authors", "publish_date", "cover", "key"])
def test_a_field_of_another_shape_is_left_out(catalogue: Catalogue, name: str, value: Any) -> None:
    found = answered(catalogue, {"title": "Slow reading", name: value})
    assert (found.title, found.author, found.year, found.cover_id) == ("Slow reading", "", "", None)


def test_a_text_is_one_line_of_bounded_length(catalogue: Catalogue) -> None:
    found = answered(catalogue, {"title": "a\n\tb\u2028c\0d\ud800" + "x" * 9999, "authors": [{"name": "y" * 9999}]})
    assert found.title.startswith("a b c d x")
    assert len(found.title) == len(found.author) == LONGEST_TEXT


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("https://covers.openlibrary.org/b/id/12-L.jpg", 12),
        ("/b/id/12-M.jpg", 12),
        ("https://covers.openlibrary.org/b/id/-1-L.jpg", None),
        ("https://covers.openlibrary.org/b/id/0-L.jpg", None),
        ("https://evil.example/", None),
        ("https://covers.openlibrary.org/b/id/" + "9" * 40 + "-L.jpg", None),
    ],
)
def test_of_a_cover_only_its_number_is_taken(catalogue: Catalogue, address: str, number: int | None) -> None:
    assert answered(catalogue, {"title": "a", "cover": {"large": address}}).cover_id == number


@pytest.mark.parametrize("key", ["javascript:alert(1)", "//evil.example", "/books/OL1M/../..", "/books/x"])
def test_the_link_back_leads_to_the_catalogue_alone(catalogue: Catalogue, key: str) -> None:
    assert answered(catalogue, {"title": "a", "key": key}).source_url == ""


def test_a_description_is_not_used_whatever_its_shape(catalogue: Catalogue) -> None:
    plain = answered(catalogue, RECORD)
    for description in ("A book.", {"type": "/type/text", "value": "A book."}):
        assert answered(catalogue, RECORD | {"description": description}) == plain


class TestSearch:
    def test_a_work_is_found_by_one_call(self, catalogue: Catalogue) -> None:
        catalogue.add_work("The Summer Book", "Tove Jansson", cover=picture())
        assert search() == Found(
            source_name="Open Library",
            source_url="https://openlibrary.org/works/OL1W",
            title="The Summer Book",
            author="Tove Jansson",
            year="1972",
            cover_id=5_546_156,
        )
        assert catalogue.asked == [
            "/search.json?title=The+Summer+Book&author=Tove+Jansson&limit=5&fields=key%2Ctitle%2Cauthor_name"
            "%2Cfirst_publish_year%2Ccover_i%2Cedition_count%2Ceditions%2Ceditions.key%2Ceditions.title"
            "%2Ceditions.isbn%2Ceditions.cover_i"
        ]

    def test_an_author_may_be_left_out(self, catalogue: Catalogue) -> None:
        catalogue.add_work("The Summer Book", "Tove Jansson")
        assert search(author="").author == "Tove Jansson"
        assert "author=" not in catalogue.asked[0]

    def test_an_edition_that_agrees_is_found_with_its_own_cover_and_not_its_work_s_year(
        self, catalogue: Catalogue
    ) -> None:
        catalogue.add_work(
            "Sommarboken", "Tove Jansson", cover=picture(), edition="The Summer Book", edition_cover=picture()
        )
        assert search() == Found(
            source_name="Open Library",
            source_url="https://openlibrary.org/books/OL7M",
            title="The Summer Book",
            author="Tove Jansson",
            year="",
            cover_id=5_546_157,
        )

    def test_no_works_are_not_found(self, catalogue: Catalogue) -> None:
        with pytest.raises(NotFound):
            search()

    def test_what_only_looks_alike_is_not_found(self, catalogue: Catalogue) -> None:
        catalogue.add_work("The Winter Book", "Tove Jansson")
        catalogue.add_work("The Summer Book", "Somebody Else")
        with pytest.raises(NotFound):
            search()

    def test_of_two_books_by_one_title_none_is_guessed(self, catalogue: Catalogue) -> None:
        catalogue.add_work("The Summer Book", "Tove Jansson")
        catalogue.add_work("The Summer Book", "Somebody Else")
        assert search().author == "Tove Jansson"
        with pytest.raises(Guess):
            search(author="")

    @pytest.mark.parametrize("title", ["It", "V", "我", "?", "C++", '" OR *:*', "a" * 200, "title:(", "\\", "%&=#\x00"])
    @pytest.mark.parametrize("author", ["", "?", "Ö"])
    def test_no_title_is_an_error_however_short_or_odd(self, catalogue: Catalogue, title: str, author: str) -> None:
        catalogue.add_work("The Summer Book", "Tove Jansson")
        with pytest.raises(NotFound):
            search(title, author)
        (path,) = catalogue.asked
        assert path.startswith("/search.json?title=")

    def test_a_short_title_is_searched_for(self, catalogue: Catalogue) -> None:
        catalogue.add_work("It", "Stephen King")
        assert search("It", "Stephen King").title == "It"

    @pytest.mark.parametrize("body", [b"[]", b"null", b"{}", b'{"error": "x"}', b'{"docs": {}}', b"<html></html>", b""])
    def test_an_answer_of_another_shape_is_unreachable(self, catalogue: Catalogue, body: bytes) -> None:
        catalogue.answer("/search.json", status(200, body))
        with pytest.raises(Unreachable):
            search()

    @pytest.mark.parametrize("cover", [-1, 0, None, True, "7", 7.0, 10**30, [7]])
    def test_a_cover_that_is_no_number_is_left_out(self, catalogue: Catalogue, cover: Any) -> None:
        assert searched(catalogue, WORK | {"title": "The Summer Book", "cover_i": cover}).cover_id is None

    @pytest.mark.parametrize("published", [None, "", "x", 72, -1, 10**50, 9999, True, [1972]])
    def test_a_year_that_is_none_is_left_out(self, catalogue: Catalogue, published: Any) -> None:
        assert searched(catalogue, WORK | {"title": "The Summer Book", "first_publish_year": published}).year == ""

    @pytest.mark.parametrize("work", [None, 7, "x", [], {}, {"title": ["The Summer Book"]}, {"editions": {"docs": 7}}])
    def test_a_broken_work_does_not_hide_a_good_one(self, catalogue: Catalogue, work: Any) -> None:
        assert searched(catalogue, work, WORK).title == "The Summer Book"


QUESTIONS = [("/api/books", ask), ("/search.json", search)]


@pytest.mark.parametrize(("path", "question"), QUESTIONS)
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (status(404, b"<html>not found</html>"), NotFound),
        (status(403), Refused),
        (status(429, b'{"error": "slow down"}'), Refused),
        (status(429, Retry_After="7"), Refused),
        (status(500, b"<html>Internal Error</html>"), Unreachable),
        (status(200, b"Internal Error"), Unreachable),
        (status(302, Location="/elsewhere.json"), NotFound),
    ],
)
def test_each_failure_has_its_outcome(
    catalogue: Catalogue, path: str, question: Callable[[], Found], answer: Answer, outcome: type[NoAnswer]
) -> None:
    catalogue.answer(path, answer)
    with pytest.raises(outcome):
        question()


class TestAnything:
    """Whatever stands in the place of an answer, it is an answer or none."""

    @same_catalogue
    @given(answer=any_json | spoiled({f"ISBN:{ISBN}": RECORD}))
    def test_by_isbn(self, catalogue: Catalogue, answer: Any) -> None:
        catalogue.answer("/api/books", json_of(answer))
        with contextlib.suppress(NoAnswer):
            assert ask().title

    @same_catalogue
    @given(answer=any_json | spoiled({"numFound": 1, "start": 0, "docs": [WORK, WORK]}))
    def test_by_title(self, catalogue: Catalogue, answer: Any) -> None:
        catalogue.answer("/search.json", json_of(answer))
        with contextlib.suppress(NoAnswer):
            assert search().title == "The Summer Book"
