"""What an operator does in the admin goes the way of an author's save, and overwrites nothing of a worker's."""

import pytest
from django.test import Client
from django.utils import timezone

from posts.models import Book, Comment, Outcome, Post
from posts.outbox import State

from ..conftest import MakePost

pytestmark = pytest.mark.django_db


def test_posts_can_be_enriched_again(admin_client: Client, make_post: MakePost) -> None:
    post = make_post()
    Post.objects.filter(pk=post.pk).update(state=State.FAILED, due_at=None, attempts=20)
    admin_client.post("/admin/posts/post/", {"action": "submit_again", "_selected_action": [post.pk]})
    post.refresh_from_db()
    assert (post.state, post.attempts) == (State.PENDING, 0)
    assert post.due_at
    assert post.due_at <= timezone.now()


def test_a_mistyped_isbn_is_refused_here_too(admin_client: Client, make_post: MakePost) -> None:
    post = make_post()
    answer = admin_client.post(
        f"/admin/posts/post/{post.pk}/change/", {"title": "a", "body": "b", "isbn": "9780980200448"}
    )
    assert "Is one mistyped?" in answer.content.decode()


def test_correcting_a_book_leaves_alone_what_a_worker_found_meanwhile(admin_client: Client) -> None:
    book = Book.objects.create(key="isbn:9780980200447", isbn="9780980200447", title="Slow readin")
    page = admin_client.get(f"/admin/posts/book/{book.pk}/change/")
    fields = {name: value or "" for name, value in page.context["adminform"].form.initial.items()}
    Book.objects.filter(pk=book.pk).update(outcome=Outcome.FOUND)
    admin_client.post(f"/admin/posts/book/{book.pk}/change/", fields | {"title": "Slow reading"})
    book.refresh_from_db()
    assert (book.title, book.outcome) == ("Slow reading", Outcome.FOUND)


def test_posts_and_books_are_not_made_here(admin_client: Client) -> None:
    for model in ("post", "book"):
        assert admin_client.get(f"/admin/posts/{model}/").status_code == 200
        assert admin_client.get(f"/admin/posts/{model}/add/").status_code == 403


def test_strangers_are_asked_to_log_in_by_the_site_s_own_page(client: Client) -> None:
    assert client.get("/admin/").headers["Location"].startswith("/admin/login/")
    assert client.get("/admin/login/?next=/admin/").headers["Location"].startswith("/accounts/login/")


def test_the_admin_s_save_goes_through_the_pipeline(admin_client: Client, make_published: MakePost) -> None:
    post = make_published()
    answer = admin_client.post(f"/admin/posts/post/{post.pk}/change/", {"title": "Better", "body": "Four evenings."})
    assert answer.status_code == 302
    post.refresh_from_db()
    assert (post.title, post.shown_title, post.state) == ("Better", "On reading slowly", State.PENDING)
    assert post.published_at


def test_a_comment_that_is_changed_here_is_rendered_anew(admin_client: Client, make_published: MakePost) -> None:
    post = make_published()
    comment = Comment.objects.create(post=post, author=post.author, body="Yes.", html="<p>Yes.</p>")
    address = f"/admin/posts/comment/{comment.pk}/change/"
    assert admin_client.post(address, {"body": "Yes."}).status_code == 302
    assert Comment.objects.get().edited_at is None
    assert admin_client.post(address, {"body": "*No.*"}).status_code == 302
    comment.refresh_from_db()
    assert (comment.body, comment.html) == ("*No.*", "<p><em>No.</em></p>\n")
    assert comment.edited_at


def test_fields_and_their_values_are_in_the_operator_s_language(admin_client: Client, make_post: MakePost) -> None:
    post = make_post()
    german = {"accept-language": "de"}
    assert "Beiträge" in admin_client.get("/admin/posts/", headers=german).content.decode()
    page = admin_client.get(f"/admin/posts/post/{post.pk}/change/", headers=german).content.decode()
    for said in ("Zustand:", "wartet", "Fällig am:", "Titel des Buchs"):
        assert said in page
