"""What makes two spellings of a book the same one, and what nobody does by accident."""

import pytest

from posts.models import Book, Post, fold


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Summer Book", "the  summer book!"),
        ("Émile", "Emile"),
        ("Straße", "STRASSE"),
        ("J. R. R. Tolkien", "J.R.R. TOLKIEN"),
        ("Ελλάδα", "ΕΛΛΑΔΑ"),
        ("“Salem’s Lot”", "'Salem's Lot"),
        ("ﬁction", "fiction"),
    ],
)
def test_case_accents_punctuation_and_spacing_make_no_difference(one: str, other: str) -> None:
    assert fold(one) == fold(other)
    assert Book.key_of("", one, "") == Book.key_of("", other, "")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The C++ Programming Language", "The C Programming Language"),
        ("C#", "C"),
        ("मौन", "मान"),  # vowel signs, in Hindi and in Thai
        ("ทีม", "ทิม"),
        ("1984", "1985"),
        ("📚", "📖"),
    ],
)
def test_what_tells_words_apart_does(one: str, other: str) -> None:
    assert fold(one) != fold(other)


def test_a_title_without_a_word_names_no_book() -> None:
    assert Book.key_of("", " …! ", "Somebody") == ""


def test_all_posts_at_once_are_not_deleted_by_a_slip() -> None:
    assert not hasattr(Post.objects, "delete")
    assert Post.delete.alters_data  # type: ignore[attr-defined]
