"""The index that a search asks: which words each post has, as readers see it.

Words are what is left of a text when all that two people write differently is taken away (`models.fold`), with a space
between each two, and both databases take them as they are: PostgreSQL as the lexemes of a tsvector, SQLite by the one
tokenizer of FTS5 that knows no letters but ASCII's. So the same is found in both. A colon, which `fold` leaves in no
word, marks those of a post's book ("b:"), of its author ("a:") and its tags ("t:").
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from .models import Book, Post, PostQuerySet, PostWords, fold
from .rendering import plain_text

MOST_TEXT = 60_000  # characters of one post; folded, some become many
MOST_WORD = 40  # characters of a word; more are not compared
SHORTEST_BEGINNING = 2  # characters; with one a search would mean half of all words
AT_ONCE = 200  # posts that are locked together, for a third of a second, while their words are written
# Scripts that put no space between words: each character is one.
WITHOUT_SPACES = re.compile("([\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])")

# As migration 0010 made them; the pluses keep PostgreSQL from walking along all posts instead of using the index.
FIND = {
    "sqlite": "SELECT rowid FROM posts_found WHERE posts_found MATCH %s AND rowid < %s ORDER BY rowid DESC LIMIT %s",
    "postgresql": (
        "SELECT post_id FROM posts_postwords WHERE array_to_tsvector(string_to_array(words, ' ')) @@ %s::tsquery "
        "AND post_id + 0 < %s ORDER BY post_id + 0 DESC LIMIT %s"
    ),
}
NO_ID_IS_THIS_LARGE = 2**62
MOST_WORDS = 10  # that may be asked for at once
MOST_NAMES = 5  # of books, of authors and of tags, each
LOOKED_AT = 200  # of the newest posts for these names


def words_in(text: str) -> list[str]:
    return [word[:MOST_WORD] for word in WITHOUT_SPACES.sub(r" \1 ", fold(text[:MOST_TEXT])).split()]


def tag_word(words: Iterable[str]) -> str:
    return "t:" + ":".join(words)


def words_of(post: Post) -> str:
    """All words that it is found by; what gives the book away is none of them."""
    title, name = words_in(post.shown_title), words_in(post.author.get_username())
    body = [] if post.shown_spoiler else words_in(plain_text(post.html))
    told = [post.shown_book_title, post.shown_book_author]
    told += [post.book.title, post.book.author, post.book.isbn] if post.book else []
    book, tags = words_in(" ".join(told)), [words_in(tag) for tag in post.tag_names]
    marked = chain((f"b:{word}" for word in book), (f"a:{word}" for word in name), map(tag_word, tags))
    return " ".join(dict.fromkeys(chain(title, book, name, *tags, body, marked)))


def keep(*posts: Post) -> None:
    """Write the words of published posts, in the transaction that says that they are not due any more."""
    rows = [PostWords(post=post, words=words_of(post)) for post in posts]
    PostWords.objects.bulk_create(rows, update_conflicts=True, unique_fields=["post"], update_fields=["words"])


@transaction.atomic
def catch_up() -> int:
    """Write the words of some posts that are due; gives how many.

    They are locked, or 1. this reads a post, 2. its edit is published with its words, 3. this writes the older ones.
    """
    due = Post.objects.filter(index_due=True, published_at__isnull=False).order_by("pk")
    locked = list(due.select_for_update(skip_locked=True, of=("self",)).select_related("author", "book")[:AT_ONCE])
    keep(*locked)
    Post.objects.filter(pk__in=[post.pk for post in locked]).update(index_due=False)
    return len(locked)


@contextmanager
def asked() -> Iterator[None]:
    """Within it PostgreSQL uses the index whatever is asked: of a word that many posts have it believes that to read
    them all is less work, for it does not count what it takes to unpack their words."""
    if connection.vendor == "sqlite":
        yield  # outside of a transaction, which would keep others from writing
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        yield


def matching(words: list[str], mark: str = "", *, before: int = NO_ID_IS_THIS_LARGE, limit: int) -> RawSQL:
    """The ids of the newest posts that have all of these words, of which the last may be the beginning of one.

    Args:
        words: as `words_in` gives them, one at least.
        mark: "b:" or "a:" for those of the posts' books, or authors, alone.
        before: the post below which they stand.
    """
    is_beginning = len(words[-1].removeprefix("t:")) >= SHORTEST_BEGINNING
    # What would end a quotation is in no word.
    if connection.vendor == "sqlite":
        terms = [f'"{mark}{word}"' for word in words]
        asked = " ".join(terms) + "*" * is_beginning
    else:
        terms = [f"'{mark}{word}'" for word in words]
        asked = " & ".join(terms) + ":*" * is_beginning
    return RawSQL(FIND[connection.vendor], (asked, before, limit))  # noqa: S611 — ours; what is asked is a parameter


def newest(words: list[str], mark: str = "") -> PostQuerySet:
    """Of the published posts that match, as above, so many as names are taken from."""
    return Post.objects.published().filter(pk__in=matching(words, mark, limit=LOOKED_AT))


def books(words: list[str]) -> QuerySet[Book]:
    """Those that are called so."""
    return Book.objects.filter(pk__in=newest(words, "b:").values("book")).order_by("title", "pk")[:MOST_NAMES]
