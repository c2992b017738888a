"""Google Books' answers, in the shapes that it gives and in those that it should not."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from pytest_django import Settings

from tasks import googlebooks
from tasks.found import Found, Guess
from tasks.outside import NoAnswer, NotFound, Outside, Refused, Unreachable

from ..catalogue import Answer, Catalogue, json_of, picture, status
from ..strange import any_json, same_catalogue, spoiled

ISBN = "9781845056322"
VOLUME: dict[str, Any] = {
    "id": "3Vi2uQAACAAJ",
    "volumeInfo": {
        "title": "The Da Vinci Code",
        "authors": ["Dan Brown"],
        "publishedDate": "2004",
        "industryIdentifiers": [
            {"type": "ISBN_10", "identifier": "1845056329"},
            {"type": "ISBN_13", "identifier": ISBN},
        ],
        "imageLinks": {"thumbnail": "http://books.google.com/books/content?id=3Vi2uQAACAAJ&img=1"},
    },
}
FOUND = Found(
    source_name="Google Books",
    source_url="https://books.google.com/books?id=3Vi2uQAACAAJ",
    title="The Da Vinci Code",
    author="Dan Brown",
    year="2004",
    cover_volume="3Vi2uQAACAAJ",
)


def ask(isbn: str = ISBN) -> Found:
    with Outside() as outside:
        return googlebooks.by_isbn(outside, isbn)


def search(title: str = "The Da Vinci Code", author: str = "Dan Brown") -> Found:
    with Outside() as outside:
        return googlebooks.by_title(outside, title, author)


def answered(google: Catalogue, *volumes: Any) -> None:
    answer = {"kind": "books#volumes", "totalItems": len(volumes), "items": volumes}
    google.answer("/books/v1/volumes", json_of(answer))


def with_info(**info: Any) -> dict[str, Any]:
    return VOLUME | {"volumeInfo": VOLUME["volumeInfo"] | info}


class TestByIsbn:
    def test_a_volume_is_found_by_one_call(self, google: Catalogue) -> None:
        answered(google, VOLUME)
        assert ask() == FOUND
        assert google.asked == [f"/books/v1/volumes?q=isbn%3A{ISBN}&maxResults=5&country=US&key=open-sesame"]

    def test_nothing_found_has_no_items(self, google: Catalogue) -> None:
        with pytest.raises(NotFound):
            ask()
        assert len(google.asked) == 1

    def test_a_volume_of_another_isbn_is_not_it(self, google: Catalogue) -> None:
        google.add_volume("Another", "Somebody", isbn="9780980200447", description=f"Refers to {ISBN}")
        with pytest.raises(NotFound):
            ask()
        google.add_volume("The Da Vinci Code", "Dan Brown", isbn=ISBN)
        assert ask().title == "The Da Vinci Code"

    @pytest.mark.parametrize("number", ["1845056329", "1-84505-632-9", "978-1-84505-632-2"])
    def test_its_isbn_may_be_written_in_another_way(self, google: Catalogue, number: str) -> None:
        answered(google, with_info(industryIdentifiers=[{"type": "ISBN_10", "identifier": number}]))
        assert ask() == FOUND

    def test_979_has_no_isbn_of_ten_digits(self, google: Catalogue) -> None:
        answered(google, with_info(industryIdentifiers=[{"type": "ISBN_10", "identifier": "1845056329"}]))
        with pytest.raises(NotFound):
            ask("9791845056321")

    @pytest.mark.parametrize("name", list(VOLUME["volumeInfo"]))
    def test_any_field_may_be_missing(self, google: Catalogue, name: str) -> None:
        info = {key: value for key, value in VOLUME["volumeInfo"].items() if key != name}
        answered(google, VOLUME | {"volumeInfo": info})
        if name in ("title", "industryIdentifiers"):
            with pytest.raises(NotFound):
                ask()
        else:
            assert ask().title == "The Da Vinci Code"

    @pytest.mark.parametrize("value", [None, 7, "x", [], {}, [None], [{}], [["x"]], True, {"thumbnail": ""}])
    @pytest.mark.parametrize("name", ["authors", "publishedDate", "imageLinks"])
    def test_a_field_of_another_shape_is_left_out(self, google: Catalogue, name: str, value: Any) -> None:
        answered(google, with_info(**{name: value}))
        found = ask()
        column = {"authors": "author", "publishedDate": "year", "imageLinks": "cover_volume"}[name]
        assert vars(found) == vars(FOUND) | {column: "x" if (name, value) == ("authors", ["x"]) else ""}

    @pytest.mark.parametrize("name", [None, "", 7, "../../x", "a&b", "x" * 21, "ä", "a\n", ["a"]])
    def test_a_volume_s_name_that_is_none_makes_no_address(self, google: Catalogue, name: Any) -> None:
        answered(google, VOLUME | {"id": name})
        assert (ask().source_url, ask().cover_volume) == ("", "")


class TestByTitle:
    def test_a_volume_is_found_by_one_call(self, google: Catalogue) -> None:
        google.add_volume("The Da Vinci Code", "Dan Brown", cover=picture())
        assert search().cover_volume == "3Vi2uQAAC0_-"
        assert google.asked == [
            "/books/v1/volumes?q=intitle%3A%22The+Da+Vinci+Code%22+inauthor%3A%22Dan+Brown%22"
            "&maxResults=5&country=US&key=open-sesame"
        ]

    def test_an_author_may_be_left_out(self, google: Catalogue) -> None:
        google.add_volume("The Da Vinci Code", "Dan Brown")
        assert search(author="").author == "Dan Brown"
        assert "inauthor" not in google.asked[0]

    def test_what_was_typed_stays_within_its_quotes(self, google: Catalogue) -> None:
        with pytest.raises(NotFound):
            search('x" isbn:1', 'y" subject:"z')
        assert "q=intitle%3A%22x++isbn%3A1%22+inauthor%3A%22y++subject%3A+z%22&" in google.asked[0]

    def test_a_subtitle_is_part_of_what_a_volume_goes_by(self, google: Catalogue) -> None:
        google.add_volume("Dune", "Frank Herbert", subtitle="Messiah")
        assert search("Dune: Messiah", "Frank Herbert").title == "Dune"
        assert search("Dune", "Frank Herbert").title == "Dune"
        with pytest.raises(NotFound):
            search("Dune: Children", "Frank Herbert")

    def test_what_only_looks_alike_is_not_found(self, google: Catalogue) -> None:
        google.add_volume("The Da Vinci Code Decoded", "Martin Lunn")
        google.add_volume("The Da Vinci Code", "Somebody Else")
        with pytest.raises(NotFound):
            search()

    def test_of_two_books_by_one_title_none_is_guessed(self, google: Catalogue) -> None:
        google.add_volume("The Da Vinci Code", "Dan Brown")
        google.add_volume("The Da Vinci Code", "Somebody Else")
        with pytest.raises(Guess):
            search(author="")


QUESTIONS = [ask, search]


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (status(400, b'{"error": {"message": "API key not valid."}}'), Unreachable),
        (status(403, b'{"error": {"message": "Daily Limit Exceeded"}}'), Refused),
        (status(429), Refused),
        (status(429, Retry_After="7"), Refused),
        (status(503, b'{"error": {"message": "Service temporarily unavailable."}}'), Unreachable),
        (status(200, b"<html></html>"), Unreachable),
        (json_of([]), Unreachable),
        (json_of({}), Unreachable),
        (json_of({"error": {"code": 500}}), Unreachable),
        (json_of({"totalItems": 3}), NotFound),
        (json_of({"items": None}), NotFound),
        (json_of({"items": [None, 7, [], {}, {"volumeInfo": []}]}), NotFound),
    ],
)
def test_each_failure_has_its_outcome(
    google: Catalogue, question: Callable[[], Found], answer: Answer, outcome: type[NoAnswer]
) -> None:
    google.answer("/books/v1/volumes", answer)
    with pytest.raises(outcome):
        question()


def test_without_a_key_they_would_refuse(google: Catalogue, settings: Settings) -> None:
    url = settings.GOOGLE_BOOKS_URL + "/volumes?q=x"
    with pytest.raises(Refused), Outside() as outside:
        outside.get_json(url)


class TestAnything:
    """Whatever stands in the place of an answer, it is an answer or none."""

    ANSWERS = any_json | spoiled({"kind": "books#volumes", "totalItems": 1, "items": [VOLUME, VOLUME]})

    @same_catalogue
    @given(answer=ANSWERS)
    def test_by_isbn(self, google: Catalogue, answer: Any) -> None:
        google.answer("/books/v1/volumes", json_of(answer))
        with contextlib.suppress(NoAnswer):
            assert ask().title

    @same_catalogue
    @given(answer=ANSWERS)
    def test_by_title(self, google: Catalogue, answer: Any) -> None:
        google.answer("/books/v1/volumes", json_of(answer))
        with contextlib.suppress(NoAnswer):
            assert search().title
