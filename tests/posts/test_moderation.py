"""Those who keep order: what is reported reaches them, what they decide reaches everybody, and all of it is written."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from posts.models import Act, Book, Comment, Interest, Notification, Post, Report
from posts.moderation import MODERATORS, Deed, decide, record
from posts.reporting import MOST_REPORTS

from ..conftest import MakePost

pytestmark = pytest.mark.django_db

Login = Callable[[User], Client]


@pytest.fixture
def login() -> Login:
    def log_in(person: User) -> Client:
        client = Client()
        client.force_login(person)
        return client

    return log_in


@pytest.fixture
def reader(login: Login, bob: User) -> Client:
    return login(bob)


@pytest.fixture
def mia() -> User:
    """A moderator, and nothing else."""
    person = User.objects.create_user("mia")
    person.groups.add(Group.objects.get(name=MODERATORS))
    return person


@pytest.fixture
def moderator(login: Login, mia: User) -> Client:
    return login(mia)


@pytest.fixture
def post(make_published: MakePost) -> Post:
    return make_published(book=Book.objects.create(key="isbn:1", title="Slow reading"))


@pytest.fixture
def comment(post: Post, bob: User) -> Comment:
    return Comment.objects.create(post=post, author=bob, body="Vile.", html="<p>Vile.</p>")


def text(client: Client, address: str) -> str:
    return client.get(address, follow=True).content.decode()


def report(person: Client, address: str, reason: str = "It is spam.") -> str:
    """What the page says then."""
    return person.post(f"/report/{address}/", {"reason": reason}, follow=True).content.decode()


def do(moderator: Client, address: str, deed: str, reason: str = "It is spam.") -> str:
    return moderator.post(f"/moderation/{address}/", {"deed": deed, "reason": reason}, follow=True).content.decode()


def acts() -> list[tuple[str, str]]:
    return [(str(act), act.reason) for act in Act.objects.order_by("pk")]


class TestReporting:
    def test_a_post_is_reported_from_its_page(self, reader: Client, post: Post) -> None:
        page = text(reader, post.get_absolute_url())
        assert f'href="/report/posts/{post.pk}/"' in page
        assert "What is wrong with it?" in text(reader, f"/report/posts/{post.pk}/")
        assert "A moderator will look at it." in report(reader, f"posts/{post.pk}")
        one = Report.objects.get()
        assert (one.reporter.username, one.post, one.comment, one.reason) == ("bob", post, None, "It is spam.")

    def test_a_comment_is_reported_where_it_stands(self, post: Post, comment: Comment, login: Login, ann: User) -> None:
        address = f"report/posts/{post.pk}/comments/{comment.pk}"
        for page in (post.get_absolute_url(), f"/posts/{post.pk}/comments/"):
            assert f'href="/{address}/"' in text(login(ann), page)
        assert "Thank you." in report(login(ann), address.removeprefix("report/"))
        assert Report.objects.get().comment == comment

    def test_one_s_own_cannot_be_reported(self, author: Client, reader: Client, post: Post, comment: Comment) -> None:
        for person, address in (
            (author, f"/report/posts/{post.pk}/"),
            (reader, f"/report/posts/{post.pk}/comments/{comment.pk}/"),
        ):
            assert person.get(address).status_code == 404
            assert person.post(address, {"reason": "Oh."}).status_code == 404
            assert f'"{address}"' not in text(person, post.get_absolute_url())

    def test_a_stranger_is_asked_to_log_in(self, post: Post, comment: Comment) -> None:
        assert "/report/" not in text(Client(), post.get_absolute_url())
        assert Client().get(f"/report/posts/{post.pk}/").headers["Location"].startswith("/accounts/login/")

    def test_what_nobody_sees_cannot_be_reported(
        self, reader: Client, make_post: MakePost, post: Post, comment: Comment, mia: User
    ) -> None:
        other = make_post()
        decide(Deed.HIDE, comment, mia, "")
        decide(Deed.HIDE, post, mia, "")
        for address in (f"posts/{other.pk}", f"posts/{post.pk}", f"posts/{post.pk}/comments/{comment.pk}"):
            assert reader.post(f"/report/{address}/", {"reason": "Oh."}).status_code == 404

    def test_a_person_has_one_open_report_of_a_thing(
        self, reader: Client, moderator: Client, post: Post, login: Login
    ) -> None:
        report(reader, f"posts/{post.pk}")
        assert "You have reported this already." in report(reader, f"posts/{post.pk}")
        report(login(User.objects.create_user("eve")), f"posts/{post.pk}")
        assert Report.objects.count() == 2
        do(moderator, f"posts/{post.pk}", "dismiss")
        assert "Thank you." in report(reader, f"posts/{post.pk}")

    def test_a_reason_is_owed_and_bounded(self, reader: Client, post: Post) -> None:
        assert "This field is required." in report(reader, f"posts/{post.pk}", "")
        answer = report(reader, f"posts/{post.pk}", "x" * 501)
        assert "at most 500 characters" in answer
        assert "x" * 501 in answer
        assert not Report.objects.exists()

    def test_nobody_reports_without_end(self, reader: Client, post: Post, bob: User) -> None:
        Report.objects.bulk_create(
            Report(reporter=bob, post=post, reason="Oh.", closed_at=timezone.now()) for _ in range(MOST_REPORTS)
        )
        answer = report(reader, f"posts/{post.pk}", "Mine.")
        assert "Please wait a little." in answer
        assert "Mine." in answer
        Report.objects.update(created_at=timezone.now() - timedelta(minutes=61))
        assert "Thank you." in report(reader, f"posts/{post.pk}", "Mine.")


PAGES = ["/moderation/", "/moderation/acts/", "/moderation/posts/", "/moderation/comments/"]
PAGES += ["/moderation/posts/{post}/", "/moderation/comments/{comment}/", "/moderation/people/{person}/"]


@pytest.mark.parametrize("page", PAGES)
def test_the_pages_are_for_those_who_keep_order_alone(
    page: str, reader: Client, moderator: Client, login: Login, post: Post, comment: Comment
) -> None:
    address = page.format(post=post.pk, comment=comment.pk, person=comment.author_id)
    assert Client().get(address).headers["Location"].startswith("/accounts/login/")
    assert reader.get(address).status_code == reader.post(address).status_code == 404
    assert moderator.get(address).status_code == 200
    assert login(User.objects.create_user("sam", is_staff=True)).get(address).status_code == 200


def test_a_moderator_finds_the_way_and_others_are_shown_none(moderator: Client, reader: Client, post: Post) -> None:
    for page, link in (("/mine/", "/moderation/"), (post.get_absolute_url(), f"/moderation/posts/{post.pk}/")):
        assert f'href="{link}"' in text(moderator, page)
        assert "/moderation/" not in text(reader, page)


def test_each_migration_leaves_a_group_that_may_keep_order(db: None) -> None:
    Group.objects.all().delete()
    for _ in range(2):
        call_command("migrate", verbosity=0)
    assert [each.codename for each in Group.objects.get(name=MODERATORS).permissions.all()] == ["keep_order"]


class TestQueue:
    def test_what_is_reported_stands_there_once_with_its_text_and_how_often(
        self, moderator: Client, reader: Client, login: Login, post: Post, comment: Comment, ann: User
    ) -> None:
        report(login(ann), f"posts/{post.pk}/comments/{comment.pk}", "Rude.")
        report(reader, f"posts/{post.pk}", "Spam.")
        report(login(User.objects.create_user("eve")), f"posts/{post.pk}", "More spam.")
        page = text(moderator, "/moderation/")
        assert re.findall(r"([0-9]+) reports? of a (post|comment)", page) == [("1", "comment"), ("2", "post")]
        for said in ("Rude.", "Spam.", comment.html, post.html):
            assert said in page
        assert "More spam." in text(moderator, f"/moderation/posts/{post.pk}/")

    @pytest.mark.parametrize("deed", ["hide", "dismiss"])
    def test_what_is_decided_leaves_it_and_is_written_down(
        self, moderator: Client, reader: Client, post: Post, deed: str
    ) -> None:
        report(reader, f"posts/{post.pk}")
        do(moderator, f"posts/{post.pk}", deed, "I have looked.")
        assert "Nothing is reported." in text(moderator, "/moderation/")
        word = {"hide": "hid", "dismiss": "dismissed what was reported of"}[deed]
        assert acts() == [(f"mia {word} the post “On reading slowly”", "I have looked.")]
        page = text(moderator, "/moderation/acts/")
        assert "I have looked." in page
        assert f'href="/moderation/posts/{post.pk}/"' in page
        assert "I have looked." in text(moderator, f"/moderation/posts/{post.pk}/")

    def test_its_pages_follow_each_other(
        self, moderator: Client, make_published: MakePost, bob: User, post: Post
    ) -> None:
        posts = [make_published(title=f"{number}") for number in range(45)]
        for each in posts:
            Report.objects.create(reporter=bob, post=each, reason="Oh.")
        seen, address = [], "/moderation/"
        while address:
            page = moderator.get(address)
            seen += [each.thing.pk for each in page.context["reported"]]
            later = page.context["later"]
            address = f"/moderation/?after={later}" if later else ""
        assert seen == [each.pk for each in posts]

    def test_two_moderators_decide_once(self, moderator: Client, reader: Client, post: Post) -> None:
        report(reader, f"posts/{post.pk}")
        for deed in ("hide", "dismiss"):
            do(moderator, f"posts/{post.pk}", deed)
            assert "That was decided already." in do(moderator, f"posts/{post.pk}", deed)
        assert len(acts()) == 1

    def test_who_hides_owes_a_reason(self, moderator: Client, post: Post) -> None:
        assert "This field is required." in do(moderator, f"posts/{post.pk}", "hide", "")
        assert "at most 500 characters" in do(moderator, f"posts/{post.pk}", "hide", "x" * 501)
        assert acts() == []
        assert moderator.post(f"/moderation/posts/{post.pk}/", {"deed": "burn", "reason": "x"}).status_code == 400


class TestHiddenPost:
    @pytest.fixture
    def hidden(self, moderator: Client, post: Post) -> Post:
        do(moderator, f"posts/{post.pk}", "hide", "It is an advertisement.")
        post.refresh_from_db()
        return post

    def test_it_is_nowhere_for_others(self, reader: Client, hidden: Post, bob: User, ann: User) -> None:
        Interest.objects.create(person=bob, author=ann, wish="follow")
        for client in (reader, Client()):
            for page in ("/", "/authors/ann/"):
                assert "On reading slowly" not in text(client, page)
            pages = [hidden.get_absolute_url(), "/books/{0.book_id}/", "/posts/{0.pk}/", "/posts/{0.pk}/comments/"]
            for page in pages:
                assert client.get(page.format(hidden), follow=True).status_code == 404
            assert client.get(f"/posts/state/?ids={hidden.pk}").json() == {}
        assert "On reading slowly" not in text(reader, "/following/")
        for act in ("like", "comments", "interest"):
            assert reader.post(f"/posts/{hidden.pk}/{act}/", {"body": "Oh."}).status_code == 404
        assert reader.post(f"/books/{hidden.book_id}/interest/", {"wish": "follow"}).status_code == 404

    def test_its_author_sees_that_it_is_hidden_and_why(self, author: Client, hidden: Post) -> None:
        page = text(author, hidden.get_absolute_url())
        for said in ("A moderator has hidden this post.", "It is an advertisement.", hidden.html):
            assert said in page
        assert "A moderator has hidden this post" in text(author, "/mine/")
        assert str(hidden.pk) in author.get(f"/posts/state/?ids={hidden.pk}").json()

    def test_a_moderator_sees_and_finds_it(self, moderator: Client, hidden: Post) -> None:
        assert "It is an advertisement." in text(moderator, hidden.get_absolute_url())
        assert hidden.html in text(moderator, "/moderation/posts/")

    def test_an_edit_does_not_bring_it_back(self, author: Client, reader: Client, hidden: Post) -> None:
        answer = author.post(f"/posts/{hidden.pk}/edit/", {"title": "Better", "body": "Better."})
        assert answer.status_code == 302
        assert reader.get(hidden.get_absolute_url()).status_code == 404

    def test_restored_it_is_as_it_was(self, moderator: Client, reader: Client, hidden: Post) -> None:
        do(moderator, f"posts/{hidden.pk}", "restore", "")
        assert "On reading slowly" in text(reader, "/")
        assert "A moderator has hidden" not in text(reader, hidden.get_absolute_url())
        assert "Nothing is hidden." in text(moderator, "/moderation/posts/")
        assert [said for said, _ in acts()] == [
            f"mia {did} the post “On reading slowly”" for did in ("hid", "restored")
        ]

    def test_what_it_notified_of_is_neither_listed_nor_counted(
        self, moderator: Client, reader: Client, post: Post, bob: User, ann: User
    ) -> None:
        Notification.objects.create(person=bob, kind="post", actor=ann, post=post)
        for deed, unread in (("hide", 0), ("restore", 1)):
            do(moderator, f"posts/{post.pk}", deed)
            assert reader.get("/notifications/unread/").json() == {"unread": unread}

    def test_what_nobody_has_read_yet_is_no_moderator_s_business(self, moderator: Client, make_post: MakePost) -> None:
        post = make_post()
        assert moderator.get(post.get_absolute_url()).status_code == 404
        assert moderator.get(f"/moderation/posts/{post.pk}/").status_code == 404


class TestHiddenComment:
    def test_its_text_is_gone_for_all_but_moderators_and_its_place_is_kept(
        self, moderator: Client, reader: Client, author: Client, post: Post, comment: Comment
    ) -> None:
        do(moderator, f"comments/{comment.pk}", "hide")
        for client in (reader, author, Client()):
            for page in (post.get_absolute_url(), f"/posts/{post.pk}/comments/"):
                said = text(client, page)
                assert "A moderator has hidden this comment." in said
                assert "Vile." not in said
        assert "Vile." in text(moderator, post.get_absolute_url())
        assert "Vile." in text(moderator, "/moderation/comments/")
        post.refresh_from_db()
        assert post.comment_count == 1
        do(moderator, f"comments/{comment.pk}", "restore")
        assert "Vile." in text(Client(), post.get_absolute_url())
        assert acts()[0] == ("mia hid a comment on “On reading slowly”", "It is spam.")

    def test_copies_of_its_page_and_open_ones_are_out_of_date(
        self, moderator: Client, post: Post, comment: Comment
    ) -> None:
        address = post.get_absolute_url()
        for deed in ("hide", "restore"):
            etag, talk = Client().get(address).headers["ETag"], Post.objects.get().talk_number
            do(moderator, f"comments/{comment.pk}", deed)
            assert Client().get(address, headers={"If-None-Match": etag}).status_code == 200
            assert Post.objects.get().talk_number > talk

    def test_an_edit_does_not_bring_it_back(
        self, moderator: Client, reader: Client, post: Post, comment: Comment
    ) -> None:
        do(moderator, f"comments/{comment.pk}", "hide")
        reader.post(f"/posts/{post.pk}/comments/{comment.pk}/edit/", {"body": "Viler."})
        assert "Viler." not in text(Client(), post.get_absolute_url())

    def test_what_it_notified_of_is_neither_listed_nor_counted(
        self, moderator: Client, author: Client, comment: Comment
    ) -> None:
        for deed, unread in (("hide", 0), ("restore", 1)):
            do(moderator, f"comments/{comment.pk}", deed)
            assert author.get("/notifications/unread/").json() == {"unread": unread}


def test_what_was_decided_is_said_in_the_reader_s_language(moderator: Client, post: Post, ann: User, mia: User) -> None:
    do(moderator, f"posts/{post.pk}", "hide")
    record(Act.Deed.CORRECT, mia, mia, "title: “A” → “B”\nanother cover", thing="the book “A”")
    page = moderator.get("/moderation/acts/", headers={"accept-language": "de"}).content.decode()
    for said in ("den Beitrag “On reading slowly”", "das Buch “A”", "Titel: “A” → “B”", "anderes Titelbild"):
        assert said in page


class TestAccounts:
    def test_a_suspended_account_is_out_at_once_and_may_come_back(
        self, moderator: Client, author: Client, ann: User, post: Post
    ) -> None:
        address = f"people/{ann.pk}"
        assert "Done, and written down." in do(moderator, address, "suspend", "Spam, again.")
        assert author.get("/mine/").headers["Location"].startswith("/accounts/login/")
        assert "On reading slowly" in text(Client(), "/")  # until it is hidden
        assert "Spam, again." in text(moderator, f"/moderation/{address}/")
        typed = {"login": "ann@example.org", "password": "correct horse battery"}
        assert "Spam, again." in author.post("/accounts/login/", typed).content.decode()
        assert "Spam" not in author.post("/accounts/login/", typed | {"password": "wrong"}).content.decode()
        do(moderator, address, "reinstate", "")
        ann.refresh_from_db()
        assert ann.is_active
        assert acts() == [("mia suspended ann", "Spam, again."), ("mia reinstated ann", "")]

    def test_who_keeps_order_is_safe_from_moderators(self, moderator: Client, mia: User) -> None:
        other = User.objects.create_user("max")
        other.groups.add(Group.objects.get(name=MODERATORS))
        staff, root = User.objects.create_user("sam", is_staff=True), User.objects.create_superuser("root")
        for person in (mia, other, staff, root):
            assert "Suspend this account" not in text(moderator, f"/moderation/people/{person.pk}/")
            assert "That cannot be done" in do(moderator, f"people/{person.pk}", "suspend")
            person.refresh_from_db()
            assert person.is_active

    def test_what_an_operator_has_shut_no_moderator_opens(self, moderator: Client, bob: User) -> None:
        bob.is_active = False
        bob.save()
        assert "That cannot be done" in do(moderator, f"people/{bob.pk}", "reinstate")
        bob.refresh_from_db()
        assert not bob.is_active

    def test_nor_where_a_moderator_had_shut_it_once(self, moderator: Client, admin_client: Client, bob: User) -> None:
        do(moderator, f"people/{bob.pk}", "suspend", "Spam.")
        form = admin_client.get(f"/admin/auth/user/{bob.pk}/change/").context["adminform"].form
        sent = {name: "" if form[name].value() is None else form[name].value() for name in form.fields}
        sent |= {f"{name}_{n}": "" for name in ("last_login", "date_joined") for n in (0, 1)}
        sent |= {"date_joined_0": "2026-01-01", "date_joined_1": "12:00:00", "username": "bob"}
        for is_active in ({"is_active": "on"}, {}):
            answer = admin_client.post(f"/admin/auth/user/{bob.pk}/change/", {**sent, "is_active": "", **is_active})
            assert answer.status_code == 302
        assert acts()[1:] == [("admin reinstated bob", ""), ("admin shut the account of bob", "")]
        assert "That cannot be done" in do(moderator, f"people/{bob.pk}", "reinstate")

    def test_a_suspended_moderator_keeps_no_order(self, moderator: Client, mia: User) -> None:
        mia.is_active = False
        mia.save()
        assert moderator.get("/moderation/").headers["Location"].startswith("/accounts/login/")

    def test_who_suspends_owes_a_reason(self, moderator: Client, bob: User) -> None:
        assert "This field is required." in do(moderator, f"people/{bob.pk}", "suspend", "")
        bob.refresh_from_db()
        assert bob.is_active


def test_what_was_decided_stays_written(moderator: Client, post: Post, mia: User) -> None:
    do(moderator, f"posts/{post.pk}", "hide")
    act = Act.objects.get()
    act.reason = "Another."
    with pytest.raises(IntegrityError), transaction.atomic():
        act.save()
    post.author.delete()
    mia.delete()
    assert acts() == [("mia hid the post “On reading slowly”", "It is spam.")]
    act.refresh_from_db()
    assert (act.moderator, act.person, act.person_name, act.post) == (None, None, "ann", None)


@pytest.mark.parametrize(
    ("page", "queries"),
    [
        # The log's head, session, person, whether they keep order; what they mute and their notifications; and:
        ("/moderation/", 8),  # groups, first reports
        ("/moderation/acts/", 7),
        ("/moderation/posts/", 7),
        ("/moderation/comments/", 7),
        ("/moderation/posts/{post}/", 9),  # the post, reports, acts
        ("/moderation/people/{person}/", 10),
    ],
)
def test_a_page_takes_the_same_few_queries_however_much_is_on_it(
    moderator: Client,
    mia: User,
    make_published: MakePost,
    bob: User,
    page: str,
    queries: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(5):
        post = make_published()
        comment = Comment.objects.create(post=post, author=bob, body="Yes.", html="<p>Yes.</p>")
        for thing in (post, comment):
            if number % 2:
                decide(Deed.HIDE, thing, mia, "Oh.")
        Report.objects.create(reporter=bob, post=post, reason="Oh.")
        Report.objects.create(reporter=bob, comment=comment, reason="Oh.")
    moderator.get("/")
    with django_assert_num_queries(queries):
        moderator.get(page.format(post=post.pk, person=bob.pk))
