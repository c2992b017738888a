"""What an author does with a post, as requests do it."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from posts.models import Post
from posts.outbox import State
from posts.rendering import render_body

from ..conftest import MakePost

pytestmark = pytest.mark.django_db


def payload(**fields: str) -> dict[str, str]:
    return {"title": "On reading slowly", "body": "Four evenings."} | fields


class TestAdd:
    def test_a_stranger_is_asked_to_log_in_and_comes_back(self, client: Client) -> None:
        assert client.get("/posts/new/").headers["Location"] == "/accounts/login/?next=/posts/new/"
        assert client.post("/posts/new/", payload()).headers["Location"] == "/accounts/login/?next=/posts/new/"

    def test_a_save_leads_to_the_post(self, author: Client) -> None:
        answer = author.post("/posts/new/", payload(isbn="098020044X"))
        post = Post.objects.get()
        assert (answer.status_code, answer.headers["Location"]) == (302, f"/posts/{post.pk}/")
        assert (post.title, post.isbn, post.author.username) == ("On reading slowly", "9780980200447", "ann")

    def test_a_mistake_brings_the_form_back_with_what_was_typed(self, author: Client) -> None:
        answer = author.post("/posts/new/", payload(isbn="9780980200448", body="Mine."))
        assert answer.status_code == 200
        assert "Is one mistyped?" in answer.content.decode()
        assert "Mine." in answer.content.decode()
        assert not Post.objects.exists()

    def test_an_answer_says_that_the_draft_of_it_has_arrived(self, author: Client) -> None:
        assert "saved" not in author.post("/posts/new/", payload(title="", draft="abc1")).cookies
        assert author.post("/posts/new/", payload(draft="abc1")).cookies["saved"].value == "abc1"

    def test_the_same_form_sent_twice_is_one_post(self, author: Client) -> None:
        first = author.post("/posts/new/", payload(key="abc"))
        second = author.post("/posts/new/", payload(key="abc", title="Another"))
        assert first.headers["Location"] == second.headers["Location"]
        assert Post.objects.get().title == "On reading slowly"

    def test_a_key_is_its_author_s_alone(self, author: Client, bob: User) -> None:
        author.post("/posts/new/", payload(key="abc"))
        author.force_login(bob)
        author.post("/posts/new/", payload(key="abc"))
        assert Post.objects.count() == 2

    def test_without_a_key_each_is_a_post(self, author: Client) -> None:
        author.post("/posts/new/", payload())
        author.post("/posts/new/", payload(key=""))
        assert Post.objects.count() == 2

    def test_a_quota_is_said_and_loses_nothing(self, author: Client, settings: Settings) -> None:
        settings.POSTS_PER_HOUR = 1
        author.post("/posts/new/", payload(key="abc"))
        answer = author.post("/posts/new/", payload(body="Mine."))
        assert "Please wait a little." in answer.content.decode()
        assert "Mine." in answer.content.decode()
        assert author.post("/posts/new/", payload(key="abc")).status_code == 302  # the first one's answer, again


class TestEditAndDelete:
    def test_an_edit_goes_the_way_of_a_new_post(self, author: Client, make_published: MakePost) -> None:
        post = make_published()
        assert author.post(f"/posts/{post.pk}/edit/", payload(body="Newer.")).status_code == 302
        post.refresh_from_db()
        assert (post.body, post.state, post.html) == ("Newer.", State.PENDING, "<p>Four evenings.</p>")
        assert post.edited_at
        assert post.published_at

    def test_a_save_without_a_change_is_no_edit(self, author: Client, make_published: MakePost) -> None:
        post = make_published()
        assert author.post(f"/posts/{post.pk}/edit/", payload()).status_code == 302
        post.refresh_from_db()
        assert (post.state, post.edited_at) == (State.DONE, None)

    def test_a_post_that_failed_is_tried_again_when_its_author_says_so(
        self, author: Client, make_post: MakePost
    ) -> None:
        post = make_post()
        Post.objects.filter(pk=post.pk).update(state=State.FAILED, due_at=None, attempts=20, error="why")
        answer = author.post(f"/posts/{post.pk}/retry/")
        assert answer.headers["Location"] == f"/posts/{post.pk}/"
        post.refresh_from_db()
        assert (post.state, post.attempts, post.error) == (State.PENDING, 0, "")
        assert post.due_at

    def test_one_that_did_not_is_left_alone(self, author: Client, make_published: MakePost) -> None:
        post = make_published()
        author.post(f"/posts/{post.pk}/retry/")
        post.refresh_from_db()
        assert post.state == State.DONE

    def test_a_deletion_asks_first(self, author: Client, make_published: MakePost) -> None:
        post = make_published()
        assert "Delete “On reading slowly”?" in author.get(f"/posts/{post.pk}/delete/").content.decode()
        assert Post.objects.exists()
        assert author.post(f"/posts/{post.pk}/delete/").headers["Location"] == "/"
        assert not Post.objects.exists()

    def test_only_the_author_may_try_again(self, client: Client, make_post: MakePost, bob: User) -> None:
        address = f"/posts/{make_post().pk}/retry/"
        assert client.post(address).headers["Location"].startswith("/accounts/login/")
        client.force_login(bob)
        assert client.post(address).status_code == 404
        assert client.get(address).status_code == 405

    @pytest.mark.parametrize("action", ["edit", "delete"])
    def test_only_the_author_may(self, client: Client, make_published: MakePost, bob: User, action: str) -> None:
        post = make_published()
        address = f"/posts/{post.pk}/{action}/"
        assert client.post(address).headers["Location"].startswith("/accounts/login/")
        client.force_login(bob)
        assert client.get(address).status_code == 404
        assert client.post(address, payload()).status_code == 404
        assert Post.objects.get().state == State.DONE

    @pytest.mark.parametrize("action", ["edit", "delete"])
    def test_a_form_of_another_site_is_refused(self, make_published: MakePost, ann: User, action: str) -> None:
        post = make_published()
        client = Client(enforce_csrf_checks=True)
        client.force_login(ann)
        assert client.post(f"/posts/{post.pk}/{action}/", payload()).status_code == 403


class TestPreview:
    ATTACK = "<script>alert(1)</script> **bold** [x](javascript:alert(1))"

    def test_it_shows_what_publishing_would_and_saves_nothing(self, author: Client) -> None:
        answer = author.post("/posts/new/", payload(body=self.ATTACK, key="abc", preview="yes"))
        assert answer.status_code == 200
        text = answer.content.decode()
        assert render_body(self.ATTACK).html in text
        assert "<strong>bold</strong>" in text
        assert "<script>alert" not in text
        assert 'value="abc"' in text
        assert not Post.objects.exists()

    def test_of_an_edit_it_leaves_the_post_as_it_was(self, author: Client, make_published: MakePost) -> None:
        post = make_published()
        answer = author.post(f"/posts/{post.pk}/edit/", payload(title="Newer", body="*Newer.*", preview="yes"))
        assert "<em>Newer.</em>" in answer.content.decode()
        post.refresh_from_db()
        assert (post.title, post.body, post.state) == ("On reading slowly", "Four evenings.", State.DONE)

    def test_it_needs_no_title_and_says_what_is_wrong_with_the_text(self, author: Client) -> None:
        assert "<em>a</em>" in author.post("/posts/new/", {"body": "*a*", "preview": "yes"}).content.decode()
        answer = author.post("/posts/new/", payload(body="", preview="yes"))
        assert "No preview: there is something to mend in your text." in answer.content.decode()

    def test_it_neither_costs_nor_needs_quota(self, author: Client, settings: Settings) -> None:
        settings.POSTS_PER_HOUR = 1
        for _ in range(2):
            author.post("/posts/new/", payload(preview="yes"))
        assert author.post("/posts/new/", payload()).status_code == 302
        assert "Please wait a little." not in author.post("/posts/new/", payload(preview="yes")).content.decode()

    def test_only_for_the_author(self, client: Client, make_published: MakePost, bob: User) -> None:
        post = make_published()
        client.force_login(bob)
        assert client.post(f"/posts/{post.pk}/edit/", payload(preview="yes")).status_code == 404
