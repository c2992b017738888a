"""Two rows for one book become one, and nothing that refers to the other is lost."""

import threading
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connection, transaction
from django.test import Client

from posts import index
from posts.merging import CannotMerge, merge
from posts.models import Book, Interest, Post
from tasks import books
from tasks.enrich import enrich_post

from ..catalogue import Catalogue
from ..conftest import MakePost

pytestmark = pytest.mark.django_db


def make(number: int, **columns: Any) -> Book:
    return Book.objects.create(key=f"text:{number}", **({"title": "The Summer Book"} | columns))


@pytest.fixture
def stays() -> Book:
    return make(1, author="Tove Jansson")


@pytest.fixture
def other() -> Book:
    cover = {"cover_small": "a" * 40, "cover_large": "b" * 40, "cover_width": 480, "cover_height": 720}
    return make(2, title="Summer Book, The", author="T. Jansson", year="1972", by_person="year", **cover)


def test_posts_and_picks_go_along_and_show_what_it_is_called(
    client: Client, make_published: MakePost, make_post: MakePost, stays: Book, other: Book
) -> None:
    untyped = make_published(1, book=other, shown_book_title="Summer Book, The")
    typed = make_published(2, book=other, book_title="Sommarboken", shown_book_title="Sommarboken")
    waiting = make_post(picked=other)
    merge(stays.pk, [other.pk])
    rows = {row.pk: row for row in Post.objects.all()}
    assert rows[untyped.pk].book_id == rows[typed.pk].book_id == rows[waiting.pk].picked_id == stays.pk
    assert (rows[untyped.pk].shown_book_title, rows[typed.pk].shown_book_title) == ("The Summer Book", "Sommarboken")
    assert [row.id for row in client.get(stays.get_absolute_url()).context["rows"]] == [untyped.pk, typed.pk]
    index.catch_up()
    assert len(client.get("/search/", {"q": "tove jansson"}).context["rows"]) == 2


def test_what_it_lacks_is_filled_and_what_it_says_stays(stays: Book, other: Book) -> None:
    merge(stays.pk, [other.pk])
    stays.refresh_from_db()
    assert (stays.title, stays.author, stays.year) == ("The Summer Book", "Tove Jansson", "1972")
    assert (stays.cover_large, stays.cover_width, stays.by_person) == ("b" * 40, 480, "year")


def test_followers_go_along_and_who_wants_both_keeps_one_wish(stays: Book, other: Book, ann: User, bob: User) -> None:
    Interest.objects.create(person=ann, book=other, wish="follow")
    Interest.objects.create(person=bob, book=other, wish="follow")
    Interest.objects.create(person=bob, book=stays, wish="mute")
    third = make(3)
    Interest.objects.create(person=ann, book=third, wish="follow")
    merge(stays.pk, [other.pk, third.pk])
    assert sorted(Interest.objects.values_list("person", "book", "wish")) == [
        (ann.pk, stays.pk, "follow"),
        (bob.pk, stays.pk, "mute"),
    ]


def test_old_addresses_lead_to_it_also_over_several_merges(
    client: Client, make_published: MakePost, stays: Book, other: Book
) -> None:
    make_published(book=stays)
    third = make(3)
    merge(other.pk, [third.pk])
    merge(stays.pk, [other.pk])
    for old in (other, third):
        for address in (f"/books/{old.pk}/", old.get_absolute_url()):
            assert client.get(address).headers["Location"] == stays.get_absolute_url()
        assert "On reading slowly" in client.get(f"/books/{old.pk}/feed.atom").content.decode()
    assert client.get("/books/999999/").status_code == 404


def test_what_is_not_there_or_merged_already_is_refused(stays: Book, other: Book) -> None:
    for into, others in ((stays.pk, []), (stays.pk, [stays.pk]), (stays.pk, [999_999]), (999_999, [stays.pk])):
        with pytest.raises(CannotMerge):
            merge(into, others)
    merge(stays.pk, [other.pk])
    for into, others in ((stays.pk, [other.pk]), (other.pk, [stays.pk])):
        with pytest.raises(CannotMerge):
            merge(into, others)


class TestAdmin:
    def ask(self, admin: Client, *books: Book, **fields: Any) -> Any:
        selected = {"action": "merge", "_selected_action": [book.pk for book in books]}
        return admin.post("/admin/posts/book/", selected | fields)

    def test_it_shows_what_would_come_of_it_and_changes_nothing(
        self, admin_client: Client, make_published: MakePost, stays: Book, other: Book, bob: User
    ) -> None:
        make_published(book=other)
        Interest.objects.create(person=bob, book=stays, wish="follow")
        page = self.ask(admin_client, stays, other).content.decode()
        assert "cannot be undone" in page
        assert page.index(other.get_absolute_url()) < page.index(stays.get_absolute_url())  # it has more posts
        assert "<td>1</td><td>0</td><td>0</td>" in page
        assert not Book.objects.filter(merged_into__isnull=False).exists()

    def test_then_it_does_it_and_says_so(self, admin_client: Client, stays: Book, other: Book) -> None:
        answer = self.ask(admin_client, stays, other, into=stays.pk)
        assert answer.status_code == 302
        assert Book.objects.get(pk=other.pk).merged_into == stays
        assert "Merged with the books" in LogEntry.objects.get().change_message
        again = self.ask(admin_client, stays, other, into=stays.pk)
        assert "merged already" in admin_client.get(again.headers["Location"]).content.decode()

    def test_one_alone_or_too_many_are_refused(self, admin_client: Client, stays: Book) -> None:
        for number in range(3, 14):
            make(number)
        for chosen in ([stays], list(Book.objects.all())):
            answer = self.ask(admin_client, *chosen)
            assert "two books or more" in admin_client.get(answer.headers["Location"]).content.decode()

    def test_who_may_only_look_cannot(self, client: Client, bob: User, stays: Book, other: Book) -> None:
        User.objects.filter(pk=bob.pk).update(is_staff=True)
        bob.user_permissions.add(Permission.objects.get(codename="view_book"))
        client.force_login(bob)
        self.ask(client, stays, other, into=stays.pk)
        assert not Book.objects.filter(merged_into__isnull=False).exists()


def waits_for_a_lock() -> bool:
    """Whether some connection to the database does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("broker", "catalogue")
class TestOnItsWay:
    def test_a_post_that_names_a_merged_book_is_about_the_one_that_stays(self, make_post: MakePost) -> None:
        first = make_post(book_title="The Summer Book")
        enrich_post(first.pk)
        old = Book.objects.get()
        stays = make(7)
        merge(stays.pk, [old.pk])
        second = make_post(book_title="The summer book")
        enrich_post(second.pk)
        assert {post.book for post in Post.objects.all()} == {stays}

    def test_one_that_is_looked_up_while_its_book_is_merged_finds_its_way(
        self, make_post: MakePost, catalogue: Catalogue
    ) -> None:
        stays = make(7, outcome="found")
        post = make_post(book_title="The Summer Book")
        catalogue.hold()
        results: list[Any] = []

        def run() -> None:
            results.append(enrich_post(post.pk)["came"])
            connection.close()

        task = threading.Thread(target=run)
        task.start()
        catalogue.wait_until_asked("/search.json")
        merge(stays.pk, [Book.objects.exclude(pk=stays.pk).get().pk])
        catalogue.release()
        task.join()
        post.refresh_from_db()
        assert (results, post.published_at, post.step) == (
            ["postponed: its book was merged into another"],
            None,
            "looking_up",
        )
        Post.objects.update(not_before=post.created_at)
        assert enrich_post(post.pk)["came"] == "published"
        assert Post.objects.get().book == stays

    def test_one_whose_picked_book_is_merged_already_is_about_the_one_that_stays(self, make_post: MakePost) -> None:
        stays, old = make(7, outcome="found"), make(8, outcome="found")
        merge(stays.pk, [old.pk])
        post = make_post(picked=old)
        assert enrich_post(post.pk)["came"] == "published"
        assert Post.objects.get().book == stays

    def test_publishing_and_merging_take_turns(self, make_post: MakePost) -> None:
        if connection.vendor == "sqlite":
            pytest.skip("SQLite lets one write at a time.")
        stays, other, post = make(7), make(8), make_post()
        done = threading.Event()

        def run() -> None:
            merge(stays.pk, [other.pk])
            done.set()
            connection.close()

        with transaction.atomic():
            books.hold(other)
            Post.objects.filter(pk=post.pk).update(book=other)
            merging = threading.Thread(target=run)
            merging.start()
            while not waits_for_a_lock():
                assert not done.is_set()
        merging.join()
        assert Post.objects.get().book == stays
        with transaction.atomic(), pytest.raises(books.Postponed):
            books.hold(other)
