import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from posts.models import Book, Comment, Interest, Like, Post
from posts.outbox import State

from ..conftest import MakePost

pytestmark = pytest.mark.django_db


class TestList:
    def test_the_newest_stand_first(self, client: Client, make_published: MakePost) -> None:
        older, newer = make_published(2, title="Older"), make_published(1, title="Newer")
        text = client.get("/").content.decode()
        assert text.index(f'data-post-id="{newer.pk}"') < text.index(f'data-post-id="{older.pk}"')

    def test_what_is_not_published_is_not_there(self, client: Client, make_post: MakePost) -> None:
        make_post(title="Not yet")
        assert "Not yet" not in client.get("/").content.decode()

    def test_an_author_finds_again_what_is_on_its_way(self, author: Client, make_post: MakePost, bob: User) -> None:
        post = make_post(title="Not yet")
        assert f'data-own-post="{post.pk}"' in author.get("/").content.decode()
        author.force_login(bob)
        assert "Not yet" not in author.get("/").content.decode()

    def test_pages_follow_each_other_without_a_gap_or_a_repeat(self, client: Client, make_published: MakePost) -> None:
        same_moment = timezone.now()
        for number in range(45):
            post = make_published(title=f"Post {number}")
            Post.objects.filter(pk=post.pk).update(published_at=same_moment - timedelta(seconds=number // 10))
        seen: list[int] = []
        address = "/"
        while address:
            page = client.get(address)
            seen += [row.id for row in page.context["rows"]]
            older = page.context["older"]
            address = f"/?before={older}" if older else ""
        assert len(seen) == len(set(seen)) == 45

    @pytest.mark.parametrize("mark", ["", "x", "1", "1-", "-1-1", "9" * 18 + "-1", "1-" + "9" * 19, "1-1 ", "١-١"])
    def test_a_mark_that_is_none_is_no_page(self, client: Client, mark: str) -> None:
        assert client.get("/", {"before": mark}).status_code == 404

    def test_the_page_carries_its_cursor_and_its_stream(self, client: Client) -> None:
        text = client.get("/").content.decode()
        assert 'data-cursor="' in text
        assert 'data-cursor=""' not in text
        assert '<main id="main" data-stream="all">' in text


class TestDetail:
    def test_a_published_post_has_its_address_with_its_title(self, client: Client, make_published: MakePost) -> None:
        post = make_published()
        address = f"/posts/{post.pk}/on-reading-slowly/"
        assert client.get(f"/posts/{post.pk}/").headers["Location"] == address
        assert client.get(f"/posts/{post.pk}/wrong/").headers["Location"] == address
        assert "Four evenings." in client.get(address).content.decode()

    def test_what_gives_the_book_away_is_folded_up(self, client: Client, make_published: MakePost) -> None:
        address = make_published(shown_spoiler=True).get_absolute_url()
        page = client.get(address).content.decode()
        assert re.search(r'<details class="body spoils"><summary>[^<]+</summary><p>Four evenings.</p>', page)

    def test_it_says_where_what_it_knows_of_its_book_is_from(self, client: Client, make_published: MakePost) -> None:
        book = Book.objects.create(key="isbn:9780980200447", isbn="9780980200447", title="Slow reading")
        address = make_published(book=book).get_absolute_url()
        assert "From " not in client.get(address).content.decode()
        book.source_name, book.source_url = "Google Books", "https://books.google.com/books?id=x"
        book.save()
        assert '<a href="https://books.google.com/books?id=x" rel="noopener">Google Books</a>' in (
            client.get(address).content.decode()
        )

    def test_until_then_only_its_author_sees_it(self, author: Client, make_post: MakePost, bob: User) -> None:
        post = make_post()
        page = author.get(f"/posts/{post.pk}/")
        assert "is on its way" in page.content.decode()
        for stranger in (Client(), Client()):
            assert stranger.get(f"/posts/{post.pk}/").status_code == 404
            stranger.force_login(bob)
            assert stranger.get(f"/posts/{post.pk}/").status_code == 404

    def test_a_post_that_failed_says_so_to_its_author(self, author: Client, make_post: MakePost) -> None:
        post = make_post()
        Post.objects.filter(pk=post.pk).update(state=State.FAILED, due_at=None)
        assert "could not be published" in author.get(f"/posts/{post.pk}/").content.decode()

    @pytest.mark.parametrize("number", ["0", "9999999999999999999", "-1", "x"])
    @pytest.mark.parametrize("kind", ["posts", "books"])
    def test_a_number_that_is_nobody_s_is_not_found(self, client: Client, kind: str, number: str) -> None:
        assert client.get(f"/{kind}/{number}/").status_code == 404


class TestBook:
    @pytest.fixture
    def book(self) -> Book:
        return Book.objects.create(key="text:1", title="The Summer Book", author="Tove Jansson")

    def test_it_has_its_own_posts_and_hears_of_its_own(
        self, client: Client, book: Book, make_published: MakePost
    ) -> None:
        mine, other = make_published(book=book), make_published()
        text = client.get(f"/books/{book.pk}/the-summer-book/").content.decode()
        assert f'data-post-id="{mine.pk}"' in text
        assert f'data-post-id="{other.pk}"' not in text
        assert f'data-stream="book:{book.pk}"' in text

    @pytest.mark.parametrize("slug", ["", "wrong/"])
    def test_its_address_has_its_title(self, client: Client, book: Book, make_published: MakePost, slug: str) -> None:
        make_published(book=book)
        answer = client.get(f"/books/{book.pk}/{slug}")
        assert answer.headers["Location"] == f"/books/{book.pk}/the-summer-book/"

    def test_nobody_hears_of_a_book_by_a_post_that_is_not_published(
        self, client: Client, book: Book, make_post: MakePost
    ) -> None:
        make_post(book=book)
        assert client.get(book.get_absolute_url()).status_code == 404
        assert client.get(f"/books/{book.pk}/").status_code == 404

    def test_a_card_leads_to_it(self, client: Client, book: Book, make_published: MakePost) -> None:
        make_published(book=book, shown_book_title="Summer")
        assert f'<a href="{book.get_absolute_url()}"><cite dir="auto">Summer</cite></a>' in (
            client.get("/").content.decode()
        )


class TestAuthor:
    def test_their_page_has_their_posts_and_hears_of_theirs(
        self, client: Client, make_published: MakePost, make_post: MakePost, ann: User, bob: User
    ) -> None:
        mine, waiting, other = make_published(), make_post(), make_published(author=bob)
        text = client.get("/authors/ann/").content.decode()
        assert f'data-post-id="{mine.pk}"' in text
        assert f'data-post-id="{other.pk}"' not in text
        assert f'data-post-id="{waiting.pk}"' not in text
        assert f'data-stream="author:{ann.pk}"' in text

    @pytest.mark.parametrize("name", ["nobody", "%00", "ann%00", "x" * 300, "📚"])
    def test_nobody_is_not_found(self, client: Client, ann: User, name: str) -> None:
        assert client.get(f"/authors/{name}/").status_code == 404

    def test_an_odd_name_has_a_page_too(self, client: Client, make_published: MakePost) -> None:
        odd = User.objects.create_user("Zoë+@.-_日本")
        make_published(author=odd)
        text = client.get("/").content.decode()
        address = text.partition('class="author" href="')[2].partition('"')[0]
        assert client.get(address).status_code == 200


class TestMine:
    def test_it_has_all_of_mine_and_none_of_others(
        self, author: Client, make_published: MakePost, make_post: MakePost, bob: User
    ) -> None:
        published, waiting, failed = make_published(), make_post(title="Waiting"), make_post(title="Failed")
        Post.objects.filter(pk=failed.pk).update(state=State.FAILED, due_at=None)
        other = make_published(author=bob)
        text = author.get("/mine/").content.decode()
        assert f'data-post-id="{published.pk}"' in text
        assert f'data-own-post="{waiting.pk}"' in text
        assert "could not be published" in text
        assert f'action="/posts/{failed.pk}/retry/"' in text
        assert f'data-post-id="{other.pk}"' not in text

    def test_a_stranger_has_none(self, client: Client) -> None:
        assert client.get("/mine/").headers["Location"] == "/accounts/login/?next=/mine/"

    def test_pages_follow_each_other(self, author: Client, make_post: MakePost) -> None:
        posts = [make_post() for _ in range(25)]
        first = author.get("/mine/")
        second = author.get(f"/mine/?before={first.context['posts'][-1].pk}")
        shown = [*first.context["posts"], *second.context["posts"]]
        assert [post.pk for post in shown] == [post.pk for post in reversed(posts)]


class TestAccounts:
    @pytest.mark.parametrize("page", ["login", "signup", "logout", "password/change", "reauthenticate", "email"])
    def test_the_same_thing_has_the_same_name_on_every_page(self, client: Client, author: Client, page: str) -> None:
        for visitor in (Client(), author):
            text = visitor.get(f"/accounts/{page}/", follow=True).content.decode()
            assert not re.search(r"sign(ed)?[ -](in|out)\b", text, re.IGNORECASE)

    def test_what_was_done_is_said_in_the_same_words(self, client: Client, ann: User) -> None:
        fields = {"login": "ann@example.org", "password": "correct horse battery"}
        assert "You are logged in as ann." in client.post("/accounts/login/", fields, follow=True).content.decode()
        assert "You are logged out." in client.post("/accounts/logout/", follow=True).content.decode()

    def test_a_site_that_sends_no_mail_promises_none(self, client: Client) -> None:
        assert "sends no mail" in client.get("/accounts/password/reset/").content.decode()
        assert client.post("/accounts/password/reset/", {"email": "ann@example.org"}).status_code == 405
        for page in ("email", "confirm-email"):
            assert "sends no mail" in client.get(f"/accounts/{page}/").content.decode()

    @pytest.mark.parametrize("name", ["..", "@@", "x" * 31, "a b", ""])
    def test_a_username_can_be_shown(self, client: Client, name: str) -> None:
        fields = {"username": name, "email": "new@example.org", "password1": "correct horse battery"}
        assert client.post("/accounts/signup/", fields).status_code == 200
        assert not User.objects.exists()


class TestCover:
    def test_it_is_served_to_be_kept_forever(self, client: Client) -> None:
        name = "a" * 40
        default_storage.save(f"covers/{name}.webp", ContentFile(b"webp"))
        answer = client.get(f"/covers/{name}.webp")
        assert answer.content == b"webp"
        assert answer.headers["Content-Type"] == "image/webp"
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"

    @pytest.mark.parametrize("name", ["b" * 40, "a" * 300, "..%2fbookshelf", "x/../../bookshelf"])
    def test_what_is_not_there_is_not_found(self, client: Client, name: str) -> None:
        assert client.get(f"/covers/{name}.webp").status_code == 404


@pytest.mark.parametrize("page", ["login", "signup"])
@pytest.mark.parametrize("target", ["http://[", "//[", "https://evil.example/", "javascript:alert(1)"])
def test_a_next_that_leads_elsewhere_is_not_followed(client: Client, page: str, target: str) -> None:
    answer = client.get(f"/accounts/{page}/", {"next": target})
    assert answer.status_code == 200


@pytest.mark.parametrize("address", ["/", "/posts/new/", "/accounts/login/", "/nothing/"])
def test_every_page_has_a_strict_content_security_policy(client: Client, address: str) -> None:
    policy = client.get(address).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("page", "anonymous", "author"),
    [
        # The log's head, posts; of somebody logged in also session, person, what they mute and what they wait for, and
        # how many notifications they have not read.
        ("/", 2, 7),
        ("/posts/{post}/on-reading-slowly/", 3, 9),  # head, post, comments; their like, whether they keep order
        ("/posts/{post}/comments/", 3, 8),
        ("/books/{book}/slow-reading/", 2, 7),  # also whether they may correct it
        ("/authors/ann/", 2, 6),
        ("/mine/", None, 9),  # also books and the usual time, for those that are on their way
        ("/following/", None, 7),  # once as posts, and once by name
        ("/notifications/", None, 6),
    ],
)
def test_a_page_takes_the_same_few_queries_however_much_is_on_it(
    client: Client,
    ann: User,
    make_post: MakePost,
    make_published: MakePost,
    django_assert_num_queries: DjangoAssertNumQueries,
    page: str,
    anonymous: int | None,
    author: int,
) -> None:
    book = Book.objects.create(key="isbn:1", title="Slow reading")
    for number in range(1, 6):
        post = make_published(book=book)
        for person in range(number):
            reader = User.objects.create_user(f"reader{number}-{person}")
            Like.objects.create(post=post, person=reader)
            Comment.objects.create(post=post, author=reader, body="Yes.", html="<p>Yes.</p>")
    if page == "/mine/":
        make_post()
        make_post()
    address = page.format(post=post.pk, book=book.pk)
    client.get("/")  # the very first page of all makes the notice log's head
    if anonymous is not None:
        with django_assert_num_queries(anonymous):
            assert client.get(address).status_code == 200
    client.force_login(ann)
    Interest.objects.create(person=ann, book=book, wish="follow")
    with django_assert_num_queries(author):
        assert client.get(address).status_code == 200
