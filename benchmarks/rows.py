"""A site's worth of rows, as the pipeline would have left them: as many posts as wanted, with what is said to them."""

from datetime import timedelta

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from posts import index
from posts.models import Book, Comment, Like, Post, Step, Tagging, slug_of
from posts.outbox import State
from posts.rendering import render_body
from updater.models import Head

LIKES_OF_EACH, COMMENTS_OF_EACH = 10, 5
PEOPLE, BOOKS, TAGS = 1_000, 10_000, 1_000
AT_ONCE = 2_000  # posts, with what is said to them
BODY = "I put my phone in the other room, made tea, and read for four evenings. " * 25


def fill(posts: int) -> None:
    """A site's worth of rows, as the pipeline would have left them."""
    call_command("migrate", interactive=False, verbosity=0)
    now, rendered = timezone.now(), render_body(BODY)
    people = User.objects.bulk_create(User(username=f"reader{number}") for number in range(PEOPLE))
    books = Book.objects.bulk_create(
        Book(
            key=f"text:{number}",
            title=f"The {number}th summer book",
            author="Tove Jansson",
            year="1972",
            source_name="Open Library",
            source_url=f"https://openlibrary.org/works/OL{number}W",
            cover_small=f"{number:040x}",
            cover_large=f"{number + BOOKS:040x}",
            cover_width=480,
            cover_height=720,
        )
        for number in range(BOOKS)
    )
    for first in range(0, posts, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, posts))
        with transaction.atomic():
            made = Post.objects.bulk_create(
                Post(
                    author=people[number % PEOPLE],
                    book=books[number % BOOKS],
                    title=f"On reading slowly, {number}",
                    shown_title=f"On reading slowly, {number}",
                    slug=slug_of(f"On reading slowly, {number}"),
                    body=BODY,
                    html=rendered.html,
                    excerpt=rendered.excerpt,
                    minutes=rendered.minutes,
                    shown_book_title=books[number % BOOKS].title,
                    shown_book_author="Tove Jansson",
                    shown_tags=f"essays tag{number % TAGS}",
                    like_count=LIKES_OF_EACH,
                    comment_count=COMMENTS_OF_EACH,
                    state=State.DONE,
                    step=Step.PUBLISHED,
                    due_at=None,
                    published_at=now - timedelta(minutes=posts - number),
                )
                for number in numbers
            )
            Tagging.objects.bulk_create(
                Tagging(post=post, tag=tag, published_at=post.published_at)
                for post in made
                for tag in post.tag_names
                if post.published_at
            )
            Like.objects.bulk_create(
                Like(post=post, person=people[(post.pk + each) % PEOPLE])
                for post in made
                for each in range(LIKES_OF_EACH)
            )
            Comment.objects.bulk_create(
                Comment(post=post, author=people[(post.pk + each) % PEOPLE], body="Me too.", html="<p>Me too.</p>")
                for post in made
                for each in range(COMMENTS_OF_EACH)
            )
    while index.catch_up():
        pass
    Head.objects.create(pk=1, number=posts)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    connection.close()
