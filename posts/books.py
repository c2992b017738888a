"""What follows where a book is called something else: its posts show that, and whoever listens is told."""

from django.dispatch import Signal

from .models import Book, Post

# Sent at the end of the transaction, with the `book` of which posts now show something else.
corrected = Signal()


def spread(book: Book) -> None:
    """Let its posts show what it is called now; at the end of the transaction that holds its row."""
    posts = Post.objects.filter(book=book)
    # What the author of a post typed stays on that post.
    posts.filter(book_title="", published_at__isnull=False).update(shown_book_title=str(book))
    posts.filter(book_author="", published_at__isnull=False).update(shown_book_author=book.author)
    posts.update(index_due=True)
    corrected.send(Book, book=book)  # last: from here on other writers of notices wait
