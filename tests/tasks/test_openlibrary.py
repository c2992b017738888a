"""Open Library's answers, in the shapes that it gives and in those that it should not."""

import json
from typing import Any

import pytest

from tasks import openlibrary
from tasks.openlibrary import Found
from tasks.outside import NotFound, Outside, Unreachable

from ..catalogue import Catalogue, picture, status

ISBN = "9780980200447"


def ask() -> Found:
    with Outside() as outside:
        return openlibrary.by_isbn(outside, ISBN)


def answered(catalogue: Catalogue, record: Any) -> Found:
    catalogue.answer("/api/books", status(200, json.dumps({f"ISBN:{ISBN}": record}).encode()))
    return ask()


def test_a_book_is_found_by_one_call(catalogue: Catalogue) -> None:
    catalogue.add(ISBN, cover=picture())
    assert ask() == Found(
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
    assert len(found.title) == len(found.author) == openlibrary.LONGEST_TEXT


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
