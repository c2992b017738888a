"""What follows where a book is called something else: its posts show that, and whoever listens is told."""

from collections.abc import Iterable

from django.db.models import Case, F, Value, When
from django.dispatch import Signal

from .models import Book, Post

# Sent at the end of the transaction, with the `book` of which posts now show something else.
corrected = Signal()

NAMES = {"title", "author", "isbn"}  # the fields that its posts keep, or are found by


def spread(book: Book, changed: Iterable[str]) -> None:
    """Let its posts show which of its fields have changed; at the end of the transaction that holds its row."""
    if NAMES & set(changed):
        rename(book)
    corrected.send(Book, book=book)  # last: from here on other writers of notices wait


def rename(book: Book) -> None:
    # What the author of a post typed stays on that post.
    titled = Case(When(book_title="", then=Value(str(book))), default=F("shown_book_title"))
    by = Case(When(book_author="", then=Value(book.author)), default=F("shown_book_author"))
    published = Post.objects.filter(book=book, published_at__isnull=False)
    published.update(shown_book_title=titled, shown_book_author=by, index_due=True)
