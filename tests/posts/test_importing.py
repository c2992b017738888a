"""The pages of an import: a file goes in, and what came of each row can be read."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from posts.importing import IMPORTS_A_DAY
from posts.models import Import, ImportRow, Post, RowState
from posts.outbox import State

from ..conftest import MakePost
from ..goodreads import file, row

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey_server")]


def upload(client: Client, data: bytes, name: str = "export.csv", **fields: str) -> str:
    """The address of the import, or the page that says what is wrong."""
    answer = client.post("/mine/import/", {"file": SimpleUploadedFile(name, data), **fields})
    return answer.headers["Location"] if answer.status_code == 302 else answer.content.decode()


def rows(**columns: object) -> list[int]:
    return list(ImportRow.objects.filter(**columns).order_by("number").values_list("number", flat=True))


@pytest.fixture
def batch(author: Client, ann: User) -> Import:
    """One of Ann's with 60 rows, which is done: one has failed."""
    batch = Import.objects.create(person=ann, file_name="export.csv", state=State.DONE, due_at=None)
    ImportRow.objects.bulk_create(
        ImportRow(import_of=batch, number=number, title=f"Book {number}", state=RowState.DONE)
        for number in range(1, 61)
    )
    batch.rows.filter(number=55).update(state=RowState.FAILED, reason="The row has no title.")
    return batch


class TestUpload:
    def test_a_person_finds_the_way_to_it_among_their_own_posts(self, author: Client) -> None:
        assert 'href="/mine/import/"' in author.get("/mine/").content.decode()

    def test_a_file_becomes_an_import_with_the_rows_that_have_a_review(self, author: Client) -> None:
        address = upload(author, file(row(1), row(2, My_Review=""), row(3)))
        assert address == Import.objects.get().get_absolute_url()
        assert rows() == [1, 3]

    def test_all_of_them_where_that_is_asked_for(self, author: Client) -> None:
        upload(author, file(row(1), row(2, My_Review="")), all_rows="on")
        assert rows() == [1, 2]

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (b"Title\nA\n", "no column “Book Id”"),
            (b"\xff\xfe", "Line 1 is not text in UTF-8"),
            (b"", "The submitted file is empty"),
            (file(), "There is no book in the file."),
            (file(row(My_Review="")), "None of the books in the file has a review."),
        ],
    )
    def test_a_file_that_cannot_be_read_is_refused_in_words_and_nothing_is_made(
        self, author: Client, data: bytes, words: str
    ) -> None:
        assert words in upload(author, data)
        assert not Import.objects.exists()

    def test_no_name_of_a_file_is_trusted(self, author: Client) -> None:
        address = upload(author, file(row()), name="a\u202e\x01<b>" + "x" * 200 + ".csv")
        assert Import.objects.get().file_name.startswith("a<b>xxx")
        assert "&lt;b&gt;" in author.get(address).content.decode()

    def test_one_is_at_work_at_a_time(self, author: Client) -> None:
        upload(author, file(row()))
        assert "still at work" in upload(author, file(row(2)))
        assert Import.objects.count() == 1

    def test_there_are_only_so_many_a_day(self, author: Client, ann: User) -> None:
        for _ in range(IMPORTS_A_DAY):
            Import.objects.create(person=ann, state=State.DONE)
        assert "imports within a day" in upload(author, file(row()))
        Import.objects.update(created_at=timezone.now() - timedelta(days=2))
        assert upload(author, file(row())).startswith("/mine/import/")

    def test_what_is_imported_takes_nothing_from_what_one_may_write(
        self, author: Client, make_post: MakePost, settings: Settings
    ) -> None:
        settings.POSTS_PER_HOUR = 1
        make_post(imported=True)
        assert author.post("/posts/new/", {"title": "a", "body": "b"}).status_code == 302


class TestReport:
    def test_it_says_how_far_it_is_and_what_came_of_each_row(
        self, author: Client, batch: Import, make_published: MakePost
    ) -> None:
        post = make_published()
        Import.objects.update(state=State.PENDING)
        for number, state in enumerate(RowState, start=1):
            batch.rows.filter(number=number).update(state=state, post=post if state == RowState.DUPLICATE else None)
        text = author.get(batch.get_absolute_url()).content.decode()
        assert '<progress max="60" value="58"' in text
        for words in ("waits", "on its way", "imported", "here already", "failed: ", "58 of 60"):
            assert words in text
        assert f'<a href="{post.get_absolute_url()}">Book 4</a>' in text
        assert 'http-equiv="refresh"' in text  # for whoever has no JavaScript

    def test_its_rows_come_in_pages(self, author: Client, batch: Import) -> None:
        first = author.get(batch.get_absolute_url())
        assert [row.number for row in first.context["rows"]] == [*range(1, 51)]
        assert 'href="?after=50"' in first.content.decode()
        second = author.get(f"{batch.get_absolute_url()}?after=50")
        assert [row.number for row in second.context["rows"]] == [*range(51, 61)]
        assert 'rel="next"' not in second.content.decode()
        assert author.get(f"{batch.get_absolute_url()}?after=x").status_code == 404

    def test_what_has_failed_can_be_seen_alone(self, author: Client, batch: Import) -> None:
        text = author.get(f"{batch.get_absolute_url()}?only=failed").content.decode()
        assert "Book 55" in text
        assert "The row has no title." in text
        assert "Book 54" not in text

    def test_it_takes_the_same_few_queries_however_many_rows_there_are(
        self, author: Client, batch: Import, django_assert_num_queries: DjangoAssertNumQueries, make_post: MakePost
    ) -> None:
        batch.rows.filter(number__lt=9).update(post=make_post())
        author.get("/")  # the first page of all makes the notices' counter
        for address in (batch.get_absolute_url(), f"{batch.get_absolute_url()}?after=50"):
            with django_assert_num_queries(8):
                author.get(address)

    def test_what_has_failed_gets_another_try(self, author: Client, batch: Import) -> None:
        answer = author.post(f"{batch.get_absolute_url()}retry/")
        assert answer.headers["Location"] == batch.get_absolute_url()
        assert rows(state=RowState.WAITING, reason="") == [55]
        assert Import.objects.get().state == State.PENDING

    def test_but_not_while_it_is_at_work(self, author: Client, batch: Import) -> None:
        Import.objects.update(state=State.PROCESSING)
        author.post(f"{batch.get_absolute_url()}retry/")
        assert Import.objects.get().state == State.PROCESSING
        assert rows(state=RowState.FAILED) == [55]

    def test_it_is_nobody_else_s(self, author: Client, batch: Import, bob: User) -> None:
        address = batch.get_absolute_url()
        assert Client().get(address).headers["Location"] == f"/accounts/login/?next={address}"
        author.force_login(bob)
        assert author.get(address).status_code == 404
        assert author.post(f"{address}retry/").status_code == 404
        assert "export.csv" not in author.get("/mine/import/").content.decode()

    def test_what_is_imported_does_not_push_what_one_writes_out_of_sight(
        self, author: Client, make_post: MakePost
    ) -> None:
        make_post(title="Brought along", imported=True)
        make_post(title="Written here")
        text = author.get("/").content.decode()
        assert "Written here" in text
        assert "Brought along" not in text

    def test_an_imported_post_that_is_edited_is_one_like_any_other(self, author: Client, make_post: MakePost) -> None:
        post = make_post(imported=True)
        author.post(f"/posts/{post.pk}/edit/", {"title": "Mine", "body": "Newer."})
        assert not Post.objects.get().imported
