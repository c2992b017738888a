"""All that one person has written and done here, as one ZIP archive, sent while it is made."""

import io
import json
import zipfile
from collections.abc import AsyncIterator, Callable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from .models import Comment, Draft, Interest, Like, Post, slug_of
from .views import SignedInRequest

ROWS_AT_ONCE = 100


@login_required
@require_POST
def export(request: SignedInRequest) -> StreamingHttpResponse:
    name = f"bookshelf-{timezone.now():%Y-%m-%d}.zip"
    return StreamingHttpResponse(
        archive(request.user, request.build_absolute_uri),
        content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"},
    )


def lists(person: User) -> dict[str, tuple[QuerySet[Any], Callable[[Any], dict[str, object]]]]:
    """The JSON files: by name the rows that are in them, and what of a row."""
    return {
        "posts.json": (posts_of(person), post_as_json),
        "drafts.json": (Draft.objects.filter(author=person).order_by("pk"), draft_as_json),
        "comments.json": (Comment.objects.filter(author=person).order_by("pk"), comment_as_json),
        "likes.json": (Like.objects.filter(person=person).order_by("pk"), like_as_json),
        "follows.json": (
            Interest.objects.filter(person=person).select_related("author", "book").order_by("pk"),
            interest_as_json,
        ),
    }


def posts_of(person: User) -> QuerySet[Post]:
    """Those that wait and those that have failed, too."""
    return Post.objects.filter(author=person).order_by("pk")


async def archive(person: User, absolute: Callable[[str], str]) -> AsyncIterator[bytes]:
    """The archive piece by piece; no more than some rows of it are in memory at once.

    Args:
        absolute: makes a whole address of a path.
    """
    pieces = Pieces()
    with zipfile.ZipFile(pieces, "w", zipfile.ZIP_DEFLATED) as target:
        for name, (rows, as_json) in lists(person).items():
            with target.open(name, "w", force_zip64=True) as file:
                between = "[\n"
                async for row in rows.aiterator(ROWS_AT_ONCE):
                    columns = as_json(row)
                    columns["url"] = absolute(str(columns["url"]))
                    text = json.dumps(columns, ensure_ascii=False, indent=1, cls=DjangoJSONEncoder)
                    file.write(f"{between}{text}".encode())
                    between = ",\n"
                    yield pieces.take()
                file.write(b"[]\n" if between == "[\n" else b"\n]\n")
        async for post in posts_of(person).aiterator(ROWS_AT_ONCE):
            target.writestr(f"posts/{post.pk}-{slug_of(post.title)}.md", as_markdown(post))
            yield pieces.take()
    yield pieces.take()


class Pieces(io.RawIOBase):
    """What a ZIP is written to and taken from; it cannot be gone back in."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._written += data
        return len(data)

    def take(self) -> bytes:
        piece = bytes(self._written)
        self._written.clear()
        return piece


def post_as_json(post: Post) -> dict[str, object]:
    return {
        "id": post.pk,
        "url": post.get_absolute_url(),
        "title": post.title,
        "body": post.body,
        "spoiler": post.spoiler,
        "tags": post.tags.split(),
        "book": {"title": post.book_title, "author": post.book_author, "isbn": post.isbn},
        "state": post.state,
        "created_at": post.created_at,
        "edited_at": post.edited_at,
        "published_at": post.published_at,
        "likes": post.like_count,
        "comments": post.comment_count,
    }


def draft_as_json(draft: Draft) -> dict[str, object]:
    return {"url": draft.get_absolute_url(), **draft.fields, "modified_at": draft.modified_at}


def comment_as_json(comment: Comment) -> dict[str, object]:
    return {
        "id": comment.pk,
        "url": f"{address_of(comment.post_id)}#comment-{comment.pk}",
        "body": comment.body,
        "created_at": comment.created_at,
        "edited_at": comment.edited_at,
    }


def like_as_json(like: Like) -> dict[str, object]:
    return {"url": address_of(like.post_id), "created_at": like.created_at}


def interest_as_json(interest: Interest) -> dict[str, object]:
    """What they follow, and what they mute."""
    if interest.author:
        url = reverse("posts:author", args=[interest.author.get_username()])
    elif interest.tag:
        url = reverse("posts:tag", args=[interest.tag])
    else:
        url = interest.book.get_absolute_url() if interest.book else address_of(interest.post_id or 0)
    return {"wish": interest.wish, "url": url}


def address_of(post_id: int) -> str:
    """Without its title: that is its author's."""
    return reverse("posts:detail", args=[post_id])


def as_markdown(post: Post) -> str:
    """The post as a file that stands for itself: its title, its book, its text."""
    book = ", ".join(filter(None, [post.book_title, post.book_author, post.isbn and f"ISBN {post.isbn}"]))
    parts = [f"# {post.title}", *([f"About: {book}"] if book else []), post.body]
    return "\n\n".join(parts) + "\n"
