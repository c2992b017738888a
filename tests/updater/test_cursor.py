import pytest
from hypothesis import given
from hypothesis import strategies as st

from updater.cursor import Cursor


@given(st.integers(0, 10**18 - 1), st.integers(0, 10**18 - 1))
def test_a_cursor_comes_back_as_it_was_sent(one: int, other: int) -> None:
    cursor = Cursor("0123abcd", max(one, other), min(one, other))
    assert Cursor.parse(str(cursor)) == cursor


@given(st.text(max_size=40))
def test_any_other_text_is_no_cursor(text: str) -> None:
    cursor = Cursor.parse(text)
    assert cursor is None or cursor.number >= cursor.known


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "0123abcd",
        "0123abcd-",
        "0123abcd--1",
        "0123abcd-1-2",
        "0123ABCD-1",
        "0123abcd-1\n",
        "0123abcd-١",
        "x" * 9999,
    ],
)
def test_forged_cursors_are_none(text: str) -> None:
    assert Cursor.parse(text) is None
