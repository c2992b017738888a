"""When a book that a catalogue offers is the one that was meant."""

import pytest

from tasks.found import Found, Guess, Hit, the_one_meant, year
from tasks.outside import NotFound


def hit(title: str, *authors: str) -> Hit:
    return Hit(title, list(authors), Found("Open Library", "", title, ", ".join(authors), ""))


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("The Summer Book", "The summer book"),
        ("the summer  book!", "The Summer Book"),
        ("Sapiens", "Sapiens: A Brief History of Humankind"),
        ("Sapiens - A Brief History of Humankind", "Sapiens"),
        ("Sapiens (A Brief History of Humankind)", "Sapiens: a brief history of humankind"),
        ("Sapiens — A Brief History", "Sapiens"),
        ("Les Miserables", "Les Misérables"),
        ("我是猫", "我是猫"),
        ("吾輩は猫である", "吾輩は猫である : 上"),
    ],
)
def test_titles_agree_but_for_what_two_people_write_differently(typed: str, offered: str) -> None:
    assert the_one_meant([hit(offered, "A")], typed, "A").title == offered


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("The Summer Book", "The Winter Book"),
        ("The Summer Book", "Summer Book"),
        ("The Summer Book", "The Summer Book 2"),
        ("Dune: Messiah", "Dune: Children"),  # two that differ in their subtitles are two books
        ("Dune-Messiah", "Dune"),
        ("Dune", ""),
        ("Dune", "???"),
        ("(Dune)", "???"),
        ("(Dune)", ": Messiah"),
    ],
)
def test_titles_that_differ_are_other_books(typed: str, offered: str) -> None:
    with pytest.raises(NotFound):
        the_one_meant([hit(offered, "A")], typed, "A")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("Tove Jansson", ["Tove Jansson"]),
        ("Jansson, Tove", ["Tove Jansson"]),
        ("TOVE JANSSON", ["Somebody Else", "Tove Jansson"]),
        ("J.R.R. Tolkien", ["J. R. R. Tolkien"]),
        ("Gabriel Garcia Marquez", ["Gabriel García Márquez"]),
        ("Terry Pratchett, Neil Gaiman", ["Neil Gaiman", "Terry Pratchett"]),
        ("", ["Tove Jansson"]),
        ("?", []),
    ],
)
def test_one_of_the_authors_agrees(typed: str, offered: list[str]) -> None:
    assert the_one_meant([hit("Dune", *offered)], "Dune", typed)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("Tove Jansson", []), ("Tove Jansson", ["Lars Jansson"]), ("Jansson", ["Tove Jansson"]), ("A", ["???"])],
)
def test_another_author_s_is_another_book(typed: str, offered: list[str]) -> None:
    with pytest.raises(NotFound):
        the_one_meant([hit("Dune", *offered)], "Dune", typed)


def test_the_first_of_several_that_agree_is_taken() -> None:
    assert the_one_meant([hit("Other", "A"), hit("DUNE", "A"), hit("Dune", "A")], "Dune", "A").title == "DUNE"
    assert the_one_meant([hit("DUNE", "A"), hit("Dune", "a")], "Dune", "").title == "DUNE"
    assert the_one_meant([hit("DUNE", "A"), hit("Dune", "A", "B")], "Dune", "A").title == "DUNE"


def test_the_very_title_comes_before_one_with_a_subtitle() -> None:
    assert the_one_meant([hit("Dune: Messiah", "A"), hit("Dune", "A")], "Dune", "A").title == "Dune"


@pytest.mark.parametrize(
    ("hits", "author"),
    [
        ([hit("Dune", "A"), hit("Dune", "B")], ""),
        ([hit("Dune", "A"), hit("Dune")], ""),
        ([hit("Dune: Messiah", "A"), hit("Dune: Children", "A")], "A"),
    ],
)
def test_of_several_books_none_is_guessed(hits: list[Hit], author: str) -> None:
    with pytest.raises(Guess):
        the_one_meant(hits, "Dune", author)


@pytest.mark.parametrize(
    ("date", "expected"),
    [("March 2009", "2009"), ("2004-03-01", "2004"), (1972, "1972"), ("c1899.", ""), ("20099", ""), (20091, "")],
)
def test_of_a_date_the_year_is_taken(date: object, expected: str) -> None:
    assert year(date) == expected
