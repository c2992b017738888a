"""Likes and comments, as requests make them."""

import threading
from collections.abc import Callable
from functools import partial

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.test import Client

from posts.forms import CommentForm, NewCommentForm
from posts.models import Comment, Like, Post
from posts.talking import submit_once, toggle

from ..conftest import MakePost

JSON = {"Accept": "application/json"}


@pytest.fixture
def reader(bob: User) -> Client:
    client = Client()
    client.force_login(bob)
    return client


def counts(post: Post) -> tuple[int, int]:
    row = Post.objects.get(pk=post.pk)
    return row.like_count, row.comment_count


@pytest.mark.django_db
class TestLikes:
    def test_a_second_press_takes_the_like_back(self, reader: Client, make_published: MakePost) -> None:
        post = make_published()
        for expected in (1, 0, 1):
            answer = reader.post(f"/posts/{post.pk}/like/")
            assert (answer.status_code, answer.headers["Location"]) == (302, post.get_absolute_url())
            assert counts(post) == (expected, 0)

    def test_a_script_is_told_the_state(self, reader: Client, make_published: MakePost) -> None:
        post = make_published()
        answer = reader.post(f"/posts/{post.pk}/like/", headers=JSON)
        assert answer.json() == {str(post.pk): {"likes": 1, "comments": 0, "talk": 0, "liked": True}}

    def test_a_page_that_knows_what_it_wants_gets_that(self, reader: Client, make_published: MakePost) -> None:
        post = make_published()
        for wanted, expected in (("true", 1), ("true", 1), ("false", 0), ("false", 0)):
            reader.post(f"/posts/{post.pk}/like/", {"liked": wanted})
            assert counts(post) == (expected, 0)

    def test_a_stranger_is_asked_to_log_in_and_led_back_to_the_post(
        self, client: Client, make_published: MakePost
    ) -> None:
        post = make_published()
        answer = client.post(f"/posts/{post.pk}/like/")
        assert answer.headers["Location"] == f"/accounts/login/?next={post.get_absolute_url()}"
        assert counts(post) == (0, 0)

    def test_a_link_likes_nothing(self, reader: Client, make_published: MakePost) -> None:
        assert reader.get(f"/posts/{make_published().pk}/like/").status_code == 405

    def test_what_is_not_published_cannot_be_liked_or_commented(self, reader: Client, make_post: MakePost) -> None:
        post = make_post()
        assert reader.post(f"/posts/{post.pk}/like/").status_code == 404
        assert reader.get(f"/posts/{post.pk}/comments/").status_code == 404
        assert reader.post(f"/posts/{post.pk}/comments/", {"body": "First!"}).status_code == 404

    def test_the_page_shows_its_reader_s_own_like(self, reader: Client, make_published: MakePost) -> None:
        post = make_published()
        assert 'aria-pressed="false"' in reader.get(post.get_absolute_url()).content.decode()
        reader.post(f"/posts/{post.pk}/like/")
        assert 'aria-pressed="true"' in reader.get(post.get_absolute_url()).content.decode()

    def test_who_leaves_takes_their_likes_and_comments_along(
        self, reader: Client, make_published: MakePost, bob: User
    ) -> None:
        post = make_published()
        reader.post(f"/posts/{post.pk}/like/")
        reader.post(f"/posts/{post.pk}/comments/", {"body": "Yes."})
        assert counts(post) == (1, 1)
        bob.delete()
        assert counts(post) == (0, 0)

    def test_a_post_goes_with_all_that_was_said_to_it(self, reader: Client, make_published: MakePost) -> None:
        post = make_published()
        reader.post(f"/posts/{post.pk}/like/")
        reader.post(f"/posts/{post.pk}/comments/", {"body": "Yes."})
        Post.objects.filter(pk=post.pk).delete()
        assert not Like.objects.exists()
        assert not Comment.objects.exists()


@pytest.mark.django_db(transaction=True)
class TestDeletedMeanwhile:
    """A post goes while somebody likes it or comments on it: one of the two is first, and nothing breaks."""

    @pytest.fixture
    def post(self, make_published: MakePost) -> Post:
        return make_published()

    def test_its_deletion_waits_for_a_like_that_is_being_saved(self, post: Post, bob: User) -> None:
        deletion = threading.Thread(target=in_a_connection_of_its_own(post.delete))
        with transaction.atomic():
            toggle(post.pk, bob.pk)
            deletion.start()
            until_somebody_waits()
        deletion.join()
        assert not Post.objects.exists()
        assert not Like.objects.exists()

    def test_a_like_finds_it_gone(self, post: Post, bob: User) -> None:
        answers: list[int] = []
        reader = Client()
        reader.force_login(bob)

        def press() -> None:
            answers.append(reader.post(f"/posts/{post.pk}/like/").status_code)

        pressing = threading.Thread(target=in_a_connection_of_its_own(press))
        with transaction.atomic():
            Post.objects.lock(post.pk)
            pressing.start()
            until_somebody_waits()
            post.delete()
        pressing.join()
        assert answers == [404]
        assert not Like.objects.exists()

    def test_an_edit_of_a_deleted_comment_does_not_bring_it_back(self, post: Post, bob: User) -> None:
        comment = Comment.objects.create(post=post, author=bob, body="Yes.", html="<p>Yes.</p>")
        form = CommentForm({"body": "No."}, instance=Comment.objects.get())
        assert form.is_valid()
        comment.delete()
        with pytest.raises(DatabaseError):
            form.save()
        assert not Comment.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_one_form_sent_to_two_posts_at_once_is_one_comment(make_published: MakePost, bob: User) -> None:
    one, other = make_published(), make_published()
    found: list[Comment] = []

    def send(post: Post) -> None:
        form = NewCommentForm({"body": "Yes.", "key": "abc"})
        assert form.is_valid()
        found.append(submit_once(form, post.pk, bob.pk))

    sending = threading.Thread(target=in_a_connection_of_its_own(lambda: send(other)))
    with transaction.atomic():
        send(one)
        sending.start()
        until_somebody_waits()
    sending.join()
    assert found == [Comment.objects.get()] * 2
    assert (counts(one), counts(other)) == ((0, 1), (0, 0))


def until_somebody_waits() -> None:
    """Return when another connection waits for a lock that this one holds. SQLite's have waited since they began."""
    while connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone() != (0,):
                return


def in_a_connection_of_its_own(act: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    return run


@pytest.mark.django_db(transaction=True)
def test_twelve_people_at_once_are_twelve_likes(make_published: MakePost) -> None:
    post = make_published()
    people = [User.objects.create_user(f"reader{number}") for number in range(12)]
    together = threading.Barrier(len(people))

    def press(person: User) -> None:
        together.wait()
        toggle(post.pk, person.pk)

    threads = [threading.Thread(target=in_a_connection_of_its_own(partial(press, person))) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts(post) == (12, 0)


@pytest.mark.django_db(transaction=True)
def test_one_person_in_many_tabs_is_never_more_than_one_like(make_published: MakePost, bob: User) -> None:
    post = make_published()
    together = threading.Barrier(6)

    def press() -> None:
        together.wait()
        toggle(post.pk, bob.pk)

    threads = [threading.Thread(target=in_a_connection_of_its_own(press)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts(post)[0] == Like.objects.filter(post=post).count() <= 1


@pytest.mark.django_db
class TestComments:
    def test_a_comment_is_rendered_and_stands_under_the_post(self, reader: Client, make_published: MakePost) -> None:
        post = make_published()
        answer = reader.post(f"/posts/{post.pk}/comments/", {"body": "**Yes**, <script>alert(1)</script>"})
        comment = Comment.objects.get()
        assert answer.headers["Location"] == f"{post.get_absolute_url()}#comment-{comment.pk}"
        for address in (post.get_absolute_url(), f"/posts/{post.pk}/comments/"):
            text = reader.get(address).content.decode()
            assert "<strong>Yes</strong>" in text
            assert "<script>alert" not in text
        assert counts(post) == (0, 1)

    def test_an_empty_one_is_a_clear_mistake(self, reader: Client, make_published: MakePost) -> None:
        post = make_published()
        answer = reader.post(f"/posts/{post.pk}/comments/", {"body": " \u200b "})
        assert answer.status_code == 200
        assert "nothing to be seen" in answer.content.decode()
        assert counts(post) == (0, 0)

    def test_one_that_is_too_long_comes_back_whole(self, reader: Client, make_published: MakePost) -> None:
        answer = reader.post(f"/posts/{make_published().pk}/comments/", {"body": "x" * 5001})
        assert answer.status_code == 200
        assert "x" * 5001 in answer.content.decode()

    def test_the_same_form_sent_twice_is_one_comment(self, reader: Client, make_published: MakePost) -> None:
        address = f"/posts/{make_published().pk}/comments/"
        answers = [reader.post(address, {"body": "Yes.", "key": "abc"}).headers["Location"] for _ in range(2)]
        assert answers[0] == answers[1]
        assert Comment.objects.count() == 1

    def test_a_stranger_is_asked_to_log_in(self, client: Client, make_published: MakePost) -> None:
        answer = client.post(f"/posts/{make_published().pk}/comments/", {"body": "Yes."})
        assert answer.headers["Location"].startswith("/accounts/login/?next=/posts/")
        assert not Comment.objects.exists()

    def test_whatever_happens_to_one_gives_the_talk_another_number(
        self, reader: Client, make_published: MakePost
    ) -> None:
        post = make_published()
        numbers = [Post.objects.get().talk_number]
        reader.post(f"/posts/{post.pk}/comments/", {"body": "Yes."})
        numbers.append(Post.objects.get().talk_number)
        comment = Comment.objects.get()
        for action in ("edit", "delete"):
            reader.post(f"/posts/{post.pk}/comments/{comment.pk}/{action}/", {"body": "No."})
            numbers.append(Post.objects.get().talk_number)
        reader.post(f"/posts/{post.pk}/like/")
        assert numbers == [0, 1, 2, 3]
        assert Post.objects.get().talk_number == 3

    def test_its_author_edits_and_deletes_it(self, reader: Client, make_published: MakePost) -> None:
        post = make_published()
        reader.post(f"/posts/{post.pk}/comments/", {"body": "Yes."})
        comment = Comment.objects.get()
        assert "Yes." in reader.get(f"/posts/{post.pk}/comments/{comment.pk}/edit/").content.decode()
        reader.post(f"/posts/{post.pk}/comments/{comment.pk}/edit/", {"body": "*No.*"})
        text = reader.get(post.get_absolute_url()).content.decode()
        assert "<em>No.</em>" in text
        assert "· edited" in text
        reader.post(f"/posts/{post.pk}/comments/{comment.pk}/delete/")
        assert counts(post) == (0, 0)

    def test_an_edit_that_changes_nothing_leaves_no_mark(self, reader: Client, make_published: MakePost) -> None:
        post = make_published()
        reader.post(f"/posts/{post.pk}/comments/", {"body": "Yes."})
        comment = Comment.objects.get()
        reader.post(f"/posts/{post.pk}/comments/{comment.pk}/edit/", {"body": "Yes."})
        assert Comment.objects.get().edited_at is None

    @pytest.mark.parametrize("number", [10**30, 0])
    @pytest.mark.parametrize("action", ["edit", "delete"])
    def test_one_that_is_nowhere_is_not_found(
        self, reader: Client, make_published: MakePost, action: str, number: int
    ) -> None:
        assert reader.post(f"/posts/{number}/comments/1/{action}/").status_code == 404
        assert reader.post(f"/posts/{make_published().pk}/comments/{number}/{action}/").status_code == 404

    def test_an_answer_says_that_the_draft_of_it_has_arrived(self, reader: Client, make_published: MakePost) -> None:
        address = f"/posts/{make_published().pk}/comments/"
        assert "saved" not in reader.post(address, {"body": "", "draft": "abc1"}).cookies
        assert reader.post(address, {"body": "Yes.", "draft": "abc1"}).cookies["saved"].value == "abc1"
        assert "saved" not in reader.post(address, {"body": "Yes.", "draft": "no; draft"}).cookies

    @pytest.mark.parametrize("action", ["edit", "delete"])
    def test_nobody_else_does(
        self, reader: Client, client: Client, make_published: MakePost, ann: User, action: str
    ) -> None:
        post = make_published()
        reader.post(f"/posts/{post.pk}/comments/", {"body": "Yes."})
        address = f"/posts/{post.pk}/comments/{Comment.objects.get().pk}/{action}/"
        assert client.post(address, {"body": "No."}).headers["Location"].startswith("/accounts/login/")
        client.force_login(ann)
        assert client.post(address, {"body": "No."}).status_code == 404
        assert Comment.objects.get().body == "Yes."

    def test_pages_follow_each_other_from_the_newest_on(
        self, client: Client, make_published: MakePost, bob: User
    ) -> None:
        post = make_published()
        for number in range(120):
            Comment.objects.create(post=post, author=bob, body=str(number), html=f"<p>{number}</p>")
        seen: list[str] = []
        address = f"/posts/{post.pk}/comments/"
        while address:
            page = client.get(address)
            seen += [comment.body for comment in page.context["comments"]]
            before = page.context["comments"][-1].pk
            address = f"/posts/{post.pk}/comments/?before={before}" if page.context["older"] else ""
        assert seen == [str(number) for number in reversed(range(120))]

    @pytest.mark.parametrize("mark", ["", "x", "-1", "9" * 19, "١"])
    def test_a_mark_that_is_none_is_no_page(self, client: Client, make_published: MakePost, mark: str) -> None:
        assert client.get(f"/posts/{make_published().pk}/comments/", {"before": mark}).status_code == 404
