"""The pipeline on a real catalogue, database and channel layer, called as a worker calls it."""

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from posts.models import Book, Interest, Notification, Outcome, Post
from posts.moderation import Deed, decide
from posts.outbox import LEASE, MOST_ATTEMPTS, State
from tasks import books, googlebooks, limits, openlibrary
from tasks.enrich import enrich_post
from tasks.outside import Outside
from updater import log
from updater.models import Notice

from ..catalogue import Answer, Catalogue, picture, status
from ..conftest import MakePost

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

ISBN = "9780980200447"


def stored(post: Post) -> Post:
    return Post.objects.select_related("book").get(pk=post.pk)


def notices() -> list[dict[str, Any]]:
    found = log.read(log.head().epoch, 0)
    assert found is not None
    return [{"new_id": notice.subject, **json.loads(notice.content or "{}")} for notice in found]


def came(post_id: int) -> str:
    """What comes of one run of the task."""
    return str(enrich_post(post_id)["came"])


def enriched_again(post: Post) -> str:
    """What comes of the next attempt, its back-off over."""
    Post.objects.filter(pk=post.pk).update(not_before=timezone.now())
    return came(post.pk)


def reach_the_deadline(settings: Settings) -> None:
    Post.objects.update(submitted_at=timezone.now() - timedelta(seconds=settings.ENRICH_DEADLINE))


def while_asked(catalogue: Catalogue, post: Post, act: Callable[[], None]) -> str:
    """Run the task, and `act` while it waits for the catalogue's answer; gives what came of the task."""
    catalogue.hold()
    results: list[str] = []

    def work() -> None:
        try:
            results.append(came(post.pk))
        finally:
            connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    catalogue.wait_until_asked()
    act()
    catalogue.release()
    worker.join()
    return results[0]


class TestPublishing:
    def test_a_post_without_a_book_is_published(self, make_post: MakePost, catalogue: Catalogue) -> None:
        post = make_post(body="**Four** evenings.")
        assert came(post.pk) == "published"
        row = stored(post)
        assert (row.shown_title, row.slug, row.book) == ("On reading slowly", "on-reading-slowly", None)
        assert row.html == "<p><strong>Four</strong> evenings.</p>\n"
        assert row.published_at
        assert (row.state, row.step, row.due_at, row.token) == (State.DONE, "published", None, None)
        assert catalogue.asked == []

    def test_readers_are_told_in_the_same_breath(self, make_post: MakePost) -> None:
        post = make_post()
        enrich_post(post.pk)
        (notice,) = notices()
        assert (notice["new_id"], notice["title"], notice["author"]) == (post.pk, "On reading slowly", "ann")
        assert notice["url"] == f"/posts/{post.pk}/on-reading-slowly/"
        assert notice["html"].startswith(f'<article class="card" data-post-id="{post.pk}"')
        assert "csrf" not in notice["html"]

    def test_those_who_follow_hear_of_it_when_it_is_out(self, make_post: MakePost, ann: User, bob: User) -> None:
        Interest.objects.create(person=bob, author=ann, wish="follow")
        post = make_post()
        assert not Notification.objects.exists()
        enrich_post(post.pk)
        assert Notification.objects.unread().get().person == bob

    def test_what_gives_the_book_away_is_in_no_list_and_no_alert(self, make_post: MakePost) -> None:
        post = make_post(body="It was the butler.", spoiler=True)
        enrich_post(post.pk)
        row = stored(post)
        assert (row.shown_spoiler, row.excerpt, row.html) == (True, "", "<p>It was the butler.</p>\n")
        assert "butler" not in str(notices())
        assert "gives away what happens" in notices()[0]["html"]

    def test_it_stays_hidden_until_the_edit_that_shows_it_is_ready(self, make_post: MakePost) -> None:
        post = make_post(body="It was the butler.", spoiler=True)
        enrich_post(post.pk)
        row = stored(post)
        row.spoiler, row.body = False, "It was long."
        row.edit()
        assert stored(post).shown_spoiler
        enrich_post(post.pk)
        assert (stored(post).shown_spoiler, stored(post).excerpt) == (False, "It was long.")

    def test_what_a_person_set_while_the_catalogue_was_asked_is_not_overwritten(
        self, make_post: MakePost, catalogue: Catalogue
    ) -> None:
        catalogue.add(ISBN, title="Their title", author="Their author", cover=picture(colour="red"))
        post = make_post(isbn=ISBN)

        def correct() -> None:
            cover = {"cover_small": "b" * 40, "cover_large": "c" * 40, "cover_width": 480, "cover_height": 720}
            Book.objects.update(title="Our title", by_person="title cover", **cover)

        assert while_asked(catalogue, post, correct) == "published"
        book = Book.objects.get()
        assert (book.title, book.author, book.cover_large) == ("Our title", "Their author", "c" * 40)
        assert stored(post).shown_book_title == "Our title"

    def test_what_a_person_set_while_its_cover_was_fetched_is_on_the_post(
        self, make_post: MakePost, catalogue: Catalogue
    ) -> None:
        catalogue.add(ISBN, title="Their title", cover=picture())
        post = make_post(isbn=ISBN)

        def answer(handler: BaseHTTPRequestHandler) -> None:
            Book.objects.update(title="Our title", by_person="title")
            connection.close()
            status(200, picture(), Content_Type="image/jpeg")(handler)

        catalogue.answer("/b/id/", answer)
        assert came(post.pk) == "published"
        assert stored(post).shown_book_title == "Our title"
        assert "Our title" in notices()[0]["html"]

    def test_it_is_in_the_lists_of_its_tags_as_readers_see_it(self, make_post: MakePost, client: Client) -> None:
        def lists() -> list[int]:
            return [client.get(f"/tags/{tag}/").status_code for tag in ("essays", "finland", "sea")]

        post = make_post(tags="essays finland")
        assert lists() == [404, 404, 404]
        enrich_post(post.pk)
        assert lists() == [200, 200, 404]
        row = stored(post)
        row.tags = "sea finland"
        row.edit()
        assert lists() == [200, 200, 404]
        enrich_post(post.pk)
        assert lists() == [404, 200, 200]
        assert notices()[0]["html"].count('data-tags="sea finland"') == 1

    def test_it_is_found_from_the_moment_it_is_published_as_readers_see_it(
        self, make_post: MakePost, client: Client
    ) -> None:
        def found(word: str) -> int:
            return len(client.get("/search/", {"q": word}).context["rows"])

        post = make_post(title="An island", body="Of ||lighthouses||.")
        assert found("island") == 0
        enrich_post(post.pk)
        assert (found("island"), found("lighthouses")) == (1, 0)
        row = stored(post)
        row.title = "A harbour"
        row.edit()
        assert (found("island"), found("harbour")) == (1, 0)
        enrich_post(post.pk)
        assert (found("island"), found("harbour")) == (0, 1)

    def test_its_book_is_found_with_its_cover(self, make_post: MakePost, catalogue: Catalogue) -> None:
        catalogue.add(ISBN, cover=picture(800, 1200))
        post = make_post(isbn=ISBN)
        assert came(post.pk) == "published"
        row = stored(post)
        assert (row.shown_book_title, row.shown_book_author) == ("Slow reading", "John Miedema")
        assert row.book
        assert (row.book.outcome, row.book.cover_outcome, row.book.year) == (Outcome.FOUND, Outcome.FOUND, "2009")
        assert (row.book.cover_width, row.book.cover_height) == (480, 720)
        assert f"/covers/{row.book.cover_large}.webp 480w" in notices()[0]["html"]

    def test_what_the_author_wrote_wins(self, make_post: MakePost, catalogue: Catalogue) -> None:
        catalogue.add(ISBN)
        post = make_post(isbn=ISBN, book_title="Langsam lesen")
        enrich_post(post.pk)
        row = stored(post)
        assert (row.shown_book_title, row.shown_book_author) == ("Langsam lesen", "John Miedema")
        assert Book.objects.get().title == "Slow reading"

    def test_without_a_cover_one_is_drawn(self, make_post: MakePost, catalogue: Catalogue) -> None:
        post = make_post(book_title="The Summer Book", book_author="Tove Jansson")
        enrich_post(post.pk)
        html = notices()[0]["html"]
        assert "<img" not in html
        assert '<b dir="auto">The Summer Book</b><i dir="auto">Tove Jansson</i>' in html

    def test_a_book_that_only_has_a_number_is_called_by_it(self, make_post: MakePost, catalogue: Catalogue) -> None:
        enrich_post(make_post(isbn=ISBN).pk)
        assert f'<cite dir="auto">ISBN {ISBN}</cite>' in notices()[0]["html"]

    def test_the_words_of_strangers_stay_words(self, make_post: MakePost, catalogue: Catalogue) -> None:
        attack = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
        catalogue.add(ISBN, title=attack, author=attack)
        post = make_post(title=attack, body=attack, isbn=ISBN)
        enrich_post(post.pk)
        assert "<script" not in notices()[0]["html"]
        assert "<img" not in notices()[0]["html"]


class TestOnce:
    def test_a_message_that_comes_again_does_nothing(self, make_post: MakePost) -> None:
        post = make_post()
        assert [came(post.pk) for _ in range(3)] == ["published", "nothing to do", "nothing to do"]
        assert log.head().number == 1

    def test_a_post_that_is_gone_is_nothing_to_do(self, make_post: MakePost) -> None:
        post = make_post()
        post_id = post.pk
        post.delete()
        assert came(post_id) == "nothing to do"

    def test_a_post_edited_while_its_book_is_looked_up_is_published_as_edited(
        self, make_post: MakePost, catalogue: Catalogue
    ) -> None:
        catalogue.add(ISBN)
        post = make_post(isbn=ISBN)

        def edit() -> None:
            post.title = "Newer"
            post.edit()

        assert while_asked(catalogue, post, edit) == "superseded"
        assert notices() == []
        assert stored(post).published_at is None
        assert came(post.pk) == "published"
        assert [notice["title"] for notice in notices()] == ["Newer"]

    def test_a_post_deleted_while_its_book_is_looked_up_is_never_heard_of(
        self, make_post: MakePost, catalogue: Catalogue
    ) -> None:
        catalogue.add(ISBN)
        post = make_post(isbn=ISBN)
        assert while_asked(catalogue, post, lambda: post.delete() and None) == "superseded"
        assert notices() == []
        assert not Notice.objects.exists()

    def test_a_post_hidden_while_its_edit_is_looked_up_is_not_heard_of_again(
        self, make_post: MakePost, catalogue: Catalogue, bob: User
    ) -> None:
        catalogue.add(ISBN)
        post = make_post()
        came(post.pk)
        post.isbn = ISBN
        post.edit()

        def hide() -> None:
            assert decide(Deed.HIDE, stored(post), bob, "Spam.")

        assert while_asked(catalogue, post, hide) == "published"
        assert notices() == [{"new_id": post.pk}]
        assert decide(Deed.RESTORE, stored(post), bob, "")
        (told,) = notices()
        assert str(stored(post).book) in told["html"]

    def test_a_worker_that_comes_back_after_its_lease_publishes_nothing(
        self, make_post: MakePost, catalogue: Catalogue
    ) -> None:
        catalogue.add(ISBN)
        post = make_post(isbn=ISBN)

        def lose_the_lease() -> None:
            Post.objects.reclaim(timezone.now() + LEASE)

        assert while_asked(catalogue, post, lose_the_lease) == "superseded"
        assert notices() == []

    def test_a_post_is_marked_as_edited_with_its_new_text_and_not_before(self, make_post: MakePost) -> None:
        post = make_post()
        enrich_post(post.pk)
        assert ">edited</span>" not in notices()[0]["html"]
        row = stored(post)
        row.body = "Newer."
        row.edit()
        assert not stored(post).is_edited
        enrich_post(post.pk)
        assert ">edited</span>" in notices()[0]["html"]

    def test_an_edit_before_the_first_readers_leaves_no_mark(self, make_post: MakePost) -> None:
        post = make_post()
        post.body = "Newer."
        post.edit()
        for _ in range(2):  # the second is an operator's, or a late cover's
            enrich_post(post.pk)
            assert ">edited</span>" not in notices()[0]["html"]
            stored(post).submit()

    def test_an_edited_post_keeps_its_day_and_its_old_text_until_the_new_one_is_ready(
        self, make_post: MakePost
    ) -> None:
        post = make_post()
        enrich_post(post.pk)
        first = stored(post)
        first.title, first.body = "Newer", "Five evenings."
        first.edit()
        waiting = stored(post)
        assert (waiting.shown_title, waiting.html) == ("On reading slowly", "<p>Four evenings.</p>\n")
        since = log.head()
        enrich_post(post.pk)
        done = stored(post)
        assert (done.shown_title, done.html) == ("Newer", "<p>Five evenings.</p>\n")
        assert done.published_at == first.published_at
        told = log.read(since.epoch, since.number)
        assert told
        assert json.loads(log.frames(told, since)[0][1])["kind"] == "changed"


class TestBooks:
    def test_a_known_book_is_asked_for_once(self, make_post: MakePost, catalogue: Catalogue) -> None:
        catalogue.add(ISBN, cover=picture())
        for _ in range(3):
            assert came(make_post(isbn=ISBN).pk) == "published"
        assert len(catalogue.asked) == 2  # the book and its cover
        assert Book.objects.count() == 1

    def test_two_posts_at_once_about_a_new_book_make_one_row_and_one_question(
        self, make_post: MakePost, catalogue: Catalogue
    ) -> None:
        catalogue.add(ISBN, cover=picture())
        first, second = make_post(isbn=ISBN), make_post(isbn=ISBN)
        results: list[str] = []
        assert while_asked(catalogue, first, lambda: results.append(came(second.pk))) == "published"
        assert results == ["postponed: another worker asks about this book"]
        assert enriched_again(second) == "published"
        assert Book.objects.count() == 1
        assert len(catalogue.asked) == 2

    def test_a_book_without_an_isbn_is_one_row_however_it_is_spelled(
        self, make_post: MakePost, catalogue: Catalogue
    ) -> None:
        for title, author in (("The Summer Book", "Tove Jansson"), ("the summer  book!", "TOVE JANSSON")):
            enrich_post(make_post(book_title=title, book_author=author).pk)
        assert Book.objects.count() == 1
        assert {post.shown_book_title for post in Post.objects.all()} == {"The Summer Book", "the summer  book!"}

    def test_a_book_that_is_not_there_holds_nothing_up(self, make_post: MakePost, catalogue: Catalogue) -> None:
        assert [came(make_post(isbn=ISBN).pk) for _ in range(2)] == ["published", "published"]
        assert len(catalogue.asked) == 1  # a miss is kept for a while

    def test_a_cover_that_is_no_picture_holds_nothing_up(self, make_post: MakePost, catalogue: Catalogue) -> None:
        catalogue.add(ISBN, cover=b"<svg onload=alert(1)>")
        post = make_post(isbn=ISBN)
        assert came(post.pk) == "published"
        book = Book.objects.get()
        assert (book.outcome, book.cover_outcome, book.cover_large) == (Outcome.FOUND, Outcome.NOT_FOUND, "")

    def test_one_without_an_isbn_is_found_by_its_title_and_author(
        self, make_post: MakePost, catalogue: Catalogue
    ) -> None:
        catalogue.add_work("The Summer Book", "Tove Jansson", cover=picture())
        post = make_post(book_title="the summer book", book_author="Jansson, Tove")
        assert came(post.pk) == "published"
        row = stored(post)
        assert (row.shown_book_title, row.shown_book_author) == ("the summer book", "Jansson, Tove")
        assert row.book
        assert (row.book.title, row.book.author, row.book.year) == ("The Summer Book", "Tove Jansson", "1972")
        assert (row.book.source_name, row.book.outcome) == ("Open Library", Outcome.FOUND)
        assert f"/covers/{row.book.cover_large}.webp" in notices()[0]["html"]
        assert came(make_post(book_title="The Summer Book!", book_author="jansson tove").pk) == "published"
        assert len(catalogue.asked) == 2  # the search and the cover

    def test_without_an_author_the_one_book_of_that_title_gives_its(
        self, make_post: MakePost, catalogue: Catalogue
    ) -> None:
        catalogue.add_work("The Summer Book", "Tove Jansson")
        post = make_post(book_title="The Summer Book")
        enrich_post(post.pk)
        assert stored(post).shown_book_author == "Tove Jansson"

    def test_a_guess_is_never_attached(self, make_post: MakePost, catalogue: Catalogue) -> None:
        catalogue.add_work("The Summer Book", "Somebody Else", cover=picture())
        post = make_post(book_title="The Summer Book", book_author="Tove Jansson")
        assert came(post.pk) == "published"
        book = stored(post).book
        assert book
        assert (book.outcome, book.author, book.year, book.cover_id) == (Outcome.NOT_FOUND, "Tove Jansson", "", None)
        assert "<img" not in notices()[0]["html"]
        assert came(make_post(book_title="The Summer Book", book_author="Tove Jansson").pk) == "published"
        assert len(catalogue.asked) == 1  # a miss is kept for a while, here too

    def test_a_title_of_nothing_but_signs_is_no_book(self, make_post: MakePost, catalogue: Catalogue) -> None:
        assert came(make_post(book_title="?!").pk) == "published"
        assert catalogue.asked == []

    def test_a_miss_is_asked_about_again_another_day(self, make_post: MakePost, catalogue: Catalogue) -> None:
        enrich_post(make_post(isbn=ISBN).pk)
        Book.objects.update(asked_at=timezone.now() - timedelta(days=1, seconds=1))
        catalogue.add(ISBN)
        post = make_post(isbn=ISBN)
        enrich_post(post.pk)
        assert stored(post).shown_book_title == "Slow reading"


class TestFallback:
    """Google Books, where Open Library has no such book or does not answer."""

    @pytest.mark.parametrize("typed", [{"isbn": ISBN}, {"book_title": "Slow reading", "book_author": "John Miedema"}])
    @pytest.mark.parametrize("code", [200, 403, 429, 500])
    def test_it_has_the_book_that_open_library_does_not_give(
        self, make_post: MakePost, catalogue: Catalogue, google: Catalogue, code: int, typed: dict[str, str]
    ) -> None:
        if code != 200:
            catalogue.answer("/", status(code))
        google.add_volume("Slow reading", "John Miedema", isbn=ISBN, cover=picture())
        post = make_post(**typed)
        assert enrich_post(post.pk) == {
            "post": post.pk,
            "came": "published",
            "sources": {
                "Open Library": {200: "not found", 500: "unreachable"}.get(code, "refused"),
                "Google Books": "found",
                "cover": "found",
            },
        }
        row = stored(post)
        assert row.book
        assert (row.book.source_name, row.book.year) == ("Google Books", "2004")
        assert row.book.source_url == "https://books.google.com/books?id=3Vi2uQAAC0_-"
        assert f"/covers/{row.book.cover_large}.webp" in notices()[0]["html"]

    def test_without_a_key_it_is_not_asked(
        self, make_post: MakePost, catalogue: Catalogue, google: Catalogue, settings: Settings
    ) -> None:
        settings.GOOGLE_BOOKS_KEY = ""
        assert enrich_post(make_post(isbn=ISBN).pk)["sources"] == {"Open Library": "not found"}
        assert google.asked == []

    def test_a_book_that_open_library_has_is_not_asked_about(
        self, make_post: MakePost, catalogue: Catalogue, google: Catalogue
    ) -> None:
        catalogue.add(ISBN)
        assert enrich_post(make_post(isbn=ISBN).pk)["sources"] == {"Open Library": "found"}
        assert google.asked == []

    def test_a_book_that_neither_has_holds_nothing_up(
        self, make_post: MakePost, catalogue: Catalogue, google: Catalogue
    ) -> None:
        for _ in range(2):
            assert came(make_post(isbn=ISBN).pk) == "published"
        assert len(catalogue.asked) == len(google.asked) == 1

    @pytest.mark.parametrize("code", [200, 500])
    def test_where_it_has_not_the_book_either_open_library_s_trouble_is_tried_again(
        self, make_post: MakePost, catalogue: Catalogue, google: Catalogue, code: int
    ) -> None:
        catalogue.answer("/", status(429, Retry_After="40"))
        if code != 200:
            google.answer("/", status(code))
        post = make_post(isbn=ISBN)
        result = enrich_post(post.pk)
        assert result["came"] == f"postponed: {catalogue.url}/api/books: 429"
        assert result["sources"] == {
            "Open Library": "refused",
            "Google Books": "not found" if code == 200 else "unreachable",
        }
        assert (Book.objects.get().outcome, stored(post).attempts) == (Outcome.REFUSED, 1)

    def test_its_own_trouble_is_tried_again(self, make_post: MakePost, catalogue: Catalogue, google: Catalogue) -> None:
        google.answer("/", status(503))
        post = make_post(isbn=ISBN)
        assert enrich_post(post.pk)["sources"] == {"Open Library": "not found", "Google Books": "unreachable"}
        row = stored(post)
        assert (row.state, row.attempts, Book.objects.get().outcome) == (State.PENDING, 1, Outcome.UNREACHABLE)
        google.behave()
        google.add_volume("Slow reading", "John Miedema", isbn=ISBN)
        assert enriched_again(post) == "published"
        assert stored(post).shown_book_title == "Slow reading"

    def test_a_title_that_open_library_has_twice_is_not_settled_here(
        self, make_post: MakePost, catalogue: Catalogue, google: Catalogue
    ) -> None:
        catalogue.add_work("The Summer Book", "Tove Jansson")
        catalogue.add_work("The Summer Book", "Somebody Else")
        google.add_volume("The Summer Book", "Somebody Else")
        assert enrich_post(make_post(book_title="The Summer Book").pk)["sources"] == {"Open Library": "not found"}
        assert google.asked == []

    def test_its_failures_leave_open_library_s_breaker_alone(
        self, make_post: MakePost, catalogue: Catalogue, google: Catalogue
    ) -> None:
        google.answer("/", status(503))
        post = make_post(isbn=ISBN)
        for _ in range(limits.BREAKER_AFTER):
            enriched_again(post)
        assert limits.seconds_left_alone(googlebooks.NAME) > 0
        assert limits.seconds_left_alone(openlibrary.NAME) == 0
        catalogue.add(ISBN)
        assert enriched_again(post) == "published"
        assert len(google.asked) == limits.BREAKER_AFTER

    def test_while_open_library_is_left_alone_it_is_asked_at_once(
        self, make_post: MakePost, catalogue: Catalogue, google: Catalogue
    ) -> None:
        limits.refused(openlibrary.NAME, 40)
        google.add_volume("Slow reading", "John Miedema", isbn=ISBN)
        assert enrich_post(make_post(isbn=ISBN).pk)["sources"] == {"Google Books": "found"}
        post = make_post(isbn="9780140328721")
        assert enrich_post(post.pk)["came"] == "postponed: Open Library is being left alone"
        row = stored(post)
        assert (row.attempts, catalogue.asked) == (1, [])
        assert row.due_at
        assert row.due_at > timezone.now() + timedelta(seconds=30)

    def test_while_both_are_left_alone_a_post_waits_for_the_first_to_be_free(
        self, make_post: MakePost, catalogue: Catalogue, google: Catalogue
    ) -> None:
        limits.refused(openlibrary.NAME, 40)
        limits.refused(googlebooks.NAME, 20)
        post = make_post(isbn=ISBN)
        assert enrich_post(post.pk)["sources"] == {}
        row = stored(post)
        assert row.due_at
        assert row.due_at < timezone.now() + timedelta(seconds=20)
        assert row.attempts == 0

    def test_over_open_library_s_limit_nobody_is_asked(
        self, make_post: MakePost, catalogue: Catalogue, google: Catalogue, settings: Settings
    ) -> None:
        settings.CATALOGUE_RATE = 0.1
        limits.seconds_to_wait(openlibrary.NAME)
        assert came(make_post(isbn=ISBN).pk) == "postponed: over the rate limit of Open Library"
        assert catalogue.asked == google.asked == []

    def test_over_its_own_limit_the_attempt_counts_for_open_library_was_asked(
        self, make_post: MakePost, catalogue: Catalogue, google: Catalogue, settings: Settings
    ) -> None:
        settings.CATALOGUE_RATE = 0.1
        limits.seconds_to_wait(googlebooks.NAME)
        post = make_post(isbn=ISBN)
        result = enrich_post(post.pk)
        assert result["came"] == "postponed: over the rate limit of Google Books"
        assert result["sources"] == {"Open Library": "not found"}
        assert (stored(post).attempts, google.asked) == (1, [])

    def test_open_library_s_silence_leaves_it_time_to_answer(
        self, make_post: MakePost, catalogue: Catalogue, google: Catalogue
    ) -> None:
        catalogue.hold()
        google.add_volume("Slow reading", "John Miedema", isbn=ISBN)
        result = enrich_post(make_post(isbn=ISBN).pk)
        assert result["sources"] == {"Open Library": "unreachable", "Google Books": "found"}
        assert result["came"] == "published"

    def test_who_has_hardly_time_to_answer_is_not_asked(self) -> None:
        with Outside(books.FAIR_CHANCE) as outside, pytest.raises(books.NotNow):
            books.check_that_it_may_be_asked(googlebooks.NAME, outside)

    def test_a_cover_of_its_comes_later_too(
        self, make_post: MakePost, catalogue: Catalogue, google: Catalogue, settings: Settings
    ) -> None:
        google.add_volume("Slow reading", "John Miedema", isbn=ISBN, cover=picture())
        google.answer("/books/content", status(503))
        post = make_post(isbn=ISBN)
        assert enrich_post(post.pk)["sources"] == {
            "Open Library": "not found",
            "Google Books": "found",
            "cover": "unreachable",
        }
        reach_the_deadline(settings)
        assert enriched_again(post) == "published without a cover, for now"
        since = log.head()
        google.behave()
        assert enriched_again(post) == "published"
        told = log.read(since.epoch, since.number)
        assert told
        message = json.loads(log.frames(told, since)[0][1])
        assert (message["kind"], "<img" in message["html"]) == ("changed", True)

    def test_a_cover_is_not_waited_for_once_the_key_is_gone(
        self, make_post: MakePost, catalogue: Catalogue, google: Catalogue, settings: Settings
    ) -> None:
        google.add_volume("Slow reading", "John Miedema", isbn=ISBN, cover=picture())
        google.answer("/books/content", status(503))
        post = make_post(isbn=ISBN)
        enrich_post(post.pk)
        settings.GOOGLE_BOOKS_KEY = ""
        assert enriched_again(post) == "published"

    @pytest.mark.parametrize(
        "trouble", [status(403), status(500), status(200, b"x"), status(302, Location="/?open-sesame")]
    )
    def test_its_key_is_told_to_nobody(
        self,
        make_post: MakePost,
        catalogue: Catalogue,
        google: Catalogue,
        settings: Settings,
        caplog: pytest.LogCaptureFixture,
        trouble: Answer,
    ) -> None:
        caplog.set_level("DEBUG")
        google.answer("/", trouble)
        post = make_post(isbn=ISBN)
        told = [json.dumps(enrich_post(post.pk))]
        for _ in range(limits.BREAKER_AFTER):
            told += [stored(post).error, enriched_again(post)]
        assert settings.GOOGLE_BOOKS_KEY in google.asked[0]
        assert settings.GOOGLE_BOOKS_KEY not in " ".join(told) + caplog.text


class TestTrouble:
    @pytest.mark.parametrize(
        ("code", "outcome"), [(403, Outcome.REFUSED), (429, Outcome.REFUSED), (500, Outcome.UNREACHABLE)]
    )
    def test_trouble_with_the_catalogue_is_tried_again_and_then_done_without(
        self, make_post: MakePost, catalogue: Catalogue, settings: Settings, code: int, outcome: Outcome
    ) -> None:
        catalogue.answer("/api/books", status(code))
        post = make_post(isbn=ISBN)
        assert came(post.pk).startswith("postponed: ")
        row = stored(post)
        assert (row.state, row.published_at, row.attempts) == (State.PENDING, None, 1)
        assert row.due_at
        assert row.due_at > timezone.now()
        assert Book.objects.get().outcome == outcome
        reach_the_deadline(settings)
        assert enriched_again(post) == "published without a cover, for now"
        assert len(catalogue.asked) == 1
        assert stored(post).published_at

    def test_a_refusal_s_own_waiting_time_is_kept_to(self, make_post: MakePost, catalogue: Catalogue) -> None:
        catalogue.answer("/api/books", status(429, Retry_After="40"))
        post = make_post(isbn=ISBN)
        enrich_post(post.pk)
        due_at = stored(post).due_at
        assert due_at
        assert due_at > timezone.now() + timedelta(seconds=35)

    def test_a_message_too_many_asks_nobody(self, make_post: MakePost, catalogue: Catalogue) -> None:
        catalogue.answer("/api/books", status(500))
        post = make_post(isbn=ISBN)
        enrich_post(post.pk)
        assert [came(post.pk) for _ in range(3)] == ["nothing to do"] * 3
        assert len(catalogue.asked) == 1

    def test_a_refusal_holds_for_every_post(self, make_post: MakePost, catalogue: Catalogue) -> None:
        catalogue.answer("/api/books", status(429, Retry_After="40"))
        enrich_post(make_post(isbn=ISBN).pk)
        assert "left alone" in came(make_post(isbn="9780140328721").pk)
        assert len(catalogue.asked) == 1

    def test_no_wait_reaches_beyond_the_deadline(
        self, make_post: MakePost, catalogue: Catalogue, settings: Settings
    ) -> None:
        catalogue.answer("/api/books", status(429, Retry_After="9999"))
        post = make_post(isbn=ISBN)
        enrich_post(post.pk)
        assert stored(post).due_at == post.submitted_at + timedelta(seconds=settings.ENRICH_DEADLINE)

    def test_over_the_rate_limit_nobody_asks_and_nobody_waits(
        self, make_post: MakePost, catalogue: Catalogue, settings: Settings
    ) -> None:
        settings.CATALOGUE_RATE = 0.1
        first, second = make_post(isbn=ISBN), make_post(isbn="9780140328721")
        assert came(first.pk) == "published"
        assert came(second.pk).startswith("postponed: over the rate limit of Open Library")
        assert len(catalogue.asked) == 1
        assert stored(second).attempts == 0

    def test_a_cover_that_fails_is_tried_again_without_asking_for_the_book(
        self, make_post: MakePost, catalogue: Catalogue
    ) -> None:
        catalogue.add(ISBN, cover=picture())
        catalogue.answer("/b/id/", status(503))
        post = make_post(isbn=ISBN)
        assert came(post.pk).startswith("postponed: ")
        catalogue.behave()
        assert enriched_again(post) == "published"
        assert [path.partition("?")[0] for path in catalogue.asked] == [
            "/api/books",
            "/b/id/5546156-L.jpg",
            "/b/id/5546156-L.jpg",
        ]


class TestHistory:
    def test_it_says_what_each_source_answered(self, make_post: MakePost, catalogue: Catalogue) -> None:
        catalogue.add(ISBN, cover=picture())
        first, second = make_post(isbn=ISBN), make_post(isbn=ISBN)
        assert enrich_post(first.pk) == {
            "post": first.pk,
            "came": "published",
            "sources": {"Open Library": "found", "cover": "found"},
        }
        assert enrich_post(second.pk)["sources"] == {}  # all was known

    def test_it_says_so_too_of_an_attempt_that_came_to_nothing(self, make_post: MakePost, catalogue: Catalogue) -> None:
        catalogue.add(ISBN, cover=picture())
        catalogue.answer("/b/id/", status(503))
        result = enrich_post(make_post(isbn=ISBN).pk)
        assert result["came"].startswith("postponed: ")
        assert result["sources"] == {"Open Library": "found", "cover": "unreachable"}


class TestLateCover:
    @pytest.fixture
    def late(self, make_post: MakePost, catalogue: Catalogue, settings: Settings) -> Post:
        """A post that went out at its deadline while the catalogue was down."""
        catalogue.add(ISBN, cover=picture())
        catalogue.answer("/", status(503))
        post = make_post(isbn=ISBN)
        reach_the_deadline(settings)
        assert came(post.pk) == "published without a cover, for now"
        return post

    def test_it_is_tried_again_and_changes_the_card(self, late: Post, catalogue: Catalogue) -> None:
        published_at, since = stored(late).published_at, log.head()
        assert enriched_again(late).startswith("postponed: ")
        catalogue.behave()
        assert enriched_again(late) == "published"
        row = stored(late)
        assert (row.state, row.due_at, row.published_at) == (State.DONE, None, published_at)
        assert row.shown_book_title == "Slow reading"
        told = log.read(since.epoch, since.number)
        assert told
        message = json.loads(log.frames(told, since)[0][1])
        assert (len(told), message["kind"], message["new_id"]) == (1, "changed", late.pk)
        assert "<img" in message["html"]

    def test_its_author_is_not_told_to_wait(self, late: Post) -> None:
        assert not stored(late).is_being_worked_on
        enriched_again(late)
        assert not stored(late).is_being_worked_on

    def test_the_waits_grow_and_end_in_the_end(self, late: Post, catalogue: Catalogue) -> None:
        waits = []
        for _ in range(MOST_ATTEMPTS - 1):
            limits.heard(openlibrary.NAME, reachable=True)  # or the breaker would set the waits
            assert enriched_again(late).startswith("postponed: ")
            due_at = stored(late).due_at
            assert due_at
            waits.append((due_at - timezone.now()).total_seconds())
        assert waits[0] < 60
        assert max(waits) > 3 * 3600
        limits.heard(openlibrary.NAME, reachable=True)
        assert enriched_again(late).startswith("done without: ")
        assert stored(late).state == State.DONE

    def test_while_the_catalogue_is_left_alone_the_waits_grow_all_the_same(self, late: Post) -> None:
        for _ in range(10):
            assert enriched_again(late).startswith("postponed: ")
        row = stored(late)
        assert row.due_at
        assert (row.attempts, row.due_at > timezone.now() + timedelta(minutes=20)) == (10, True)

    def test_an_edit_meanwhile_has_a_deadline_of_its_own(self, late: Post, catalogue: Catalogue) -> None:
        row = stored(late)
        row.body = "Newer."
        row.edit()
        assert came(late.pk).startswith("postponed: ")
        assert stored(late).is_being_worked_on


class TestRemoval:
    def test_a_published_post_that_is_deleted_is_taken_from_every_page(self, make_post: MakePost) -> None:
        post = make_post()
        enrich_post(post.pk)
        stored(post).delete()
        assert notices() == [{"new_id": post.pk}]

    def test_so_are_all_of_an_author_who_leaves(self, make_post: MakePost, ann: User) -> None:
        ids = {make_post().pk for _ in range(2)}
        for post_id in ids:
            enrich_post(post_id)
        make_post()  # never published
        ann.delete()
        assert {notice["new_id"] for notice in notices()} == ids
        assert all(set(notice) == {"new_id"} for notice in notices())
