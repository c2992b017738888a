import pytest
from django.contrib.auth.models import User

from posts.forms import NewPostForm, PostForm


def form(**fields: str) -> PostForm:
    return PostForm({"title": "On reading slowly", "body": "Four evenings.", **fields})


@pytest.mark.parametrize(
    "typed",
    ["9780980200447", "978-0-9802004-4-7", "0-9802004-4-X", "098020044x", " 978 0 9802004 4 7 "],
)
def test_every_way_of_writing_an_isbn_is_the_same_isbn_13(typed: str) -> None:
    checked = form(isbn=typed)
    assert checked.is_valid(), checked.errors
    assert checked.cleaned_data["isbn"] == "9780980200447"


def test_an_isbn_10_may_end_in_x() -> None:
    assert form(isbn="080442957x").is_valid()


def test_a_979_isbn_is_taken_as_it_is() -> None:
    checked = form(isbn="979-10-90636-07-1")
    assert checked.is_valid(), checked.errors
    assert checked.cleaned_data["isbn"] == "9791090636071"


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ("9780980200448", "The last digit of this ISBN does not fit the others. Is one mistyped?"),
        ("97809802004", "An ISBN has 10 or 13 digits."),
        ("9770980200448", "This is not an ISBN."),
        ("slow reading", "An ISBN has 10 or 13 digits."),
        ("123456789", "An ISBN has 10 or 13 digits."),
        ("97809802X0447", "This is not an ISBN."),
    ],
)
def test_a_wrong_isbn_is_refused_in_words(typed: str, complaint: str) -> None:
    assert complaint in form(isbn=typed).errors["isbn"][0]


def test_the_book_may_be_left_out() -> None:
    assert form().is_valid()


@pytest.mark.parametrize("name", ["title", "body"])
@pytest.mark.parametrize("value", ["", "   ", "\r\n"])
def test_a_post_has_a_title_and_a_text(name: str, value: str) -> None:
    assert name in form(**{name: value}).errors


def test_the_longest_title_and_text_are_taken_and_one_more_is_not() -> None:
    assert form(title="x" * 200, body="x" * 20_000).is_valid()
    assert set(form(title="x" * 201, body="x" * 20_001).errors) == {"title", "body"}


def test_a_line_end_counts_once_though_browsers_send_two_characters() -> None:
    checked = form(body="x\r\n" * 9_999 + "xx")
    assert checked.is_valid(), checked.errors
    assert len(checked.cleaned_data["body"]) == 20_000


@pytest.mark.parametrize("title", ["\u200b", "\u200e\u00ad", "\u202e\u2066", "\u0301\u0301"])
def test_a_title_can_be_seen(title: str) -> None:
    assert "title" in form(title=title).errors


def test_characters_that_turn_the_text_around_them_are_left_out() -> None:
    checked = form(title="\u202edesrever", body="\u2067a\u2069", book_title="\u202eb")
    assert checked.is_valid(), checked.errors
    assert [checked.cleaned_data[name] for name in ("title", "body", "book_title")] == ["desrever", "a", "b"]


def test_so_are_control_characters_and_a_title_has_one_line() -> None:
    checked = form(title="a\x08\x1b[0m\r\nb\tc\u2028d\x85", body="a\x07\r\n\tb\x9fc\rd")
    assert checked.is_valid(), checked.errors
    assert (checked.cleaned_data["title"], checked.cleaned_data["body"]) == ("a[0m b\tc d", "a\n\tbc\nd")


@pytest.mark.parametrize("name", ["title", "body", "book_title", "book_author"])
def test_letters_do_not_tower_over_the_lines_around_them(name: str) -> None:
    assert "too many marks" in form(**{name: "H" + "\u0301\u0320\u20dd" * 3 + "e"}).errors[name][0]
    checked = form(**{name: "Việt, שָׁלוֹם, བསྒྲུབས, ก็, ❤️, e\u0301\u0323"})
    assert checked.is_valid(), checked.errors


def test_the_first_mistake_has_the_focus() -> None:
    assert "autofocus" in str(form(isbn="1")["isbn"])
    assert "autofocus" not in str(form(isbn="1")["title"])


def test_nul_characters_are_refused() -> None:
    assert "body" in form(body="a\0b").errors


def test_each_form_has_a_key_of_its_own() -> None:
    ann = User(username="ann")
    assert NewPostForm(ann)["key"].value() != NewPostForm(ann)["key"].value()
