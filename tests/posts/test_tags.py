"""Tags: words that an author gives a post, each with a list of its own."""

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client

from posts.models import Interest, Notification, Post, Tagging
from posts.tags import TagsField

from ..conftest import MakePost

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(client: Client, bob: User) -> Client:
    client.force_login(bob)
    return client


def titles(reader: Client, address: str) -> list[str]:
    return [row.shown_title for row in reader.get(address).context["rows"]]


class TestField:
    @pytest.mark.parametrize(
        ("typed", "tags"),
        [
            ("", ""),
            ("essays, Sea-Stories", "essays sea-stories"),
            ("#Essays #essays,,essays", "essays"),
            ("Bücher книги 読書 हिन्दी", "bücher книги 読書 हिन्दी"),
            ("Bu\u0308cher B\u00fccher", "bücher"),
            (" - -- ", ""),
            ("a b c d e f g h", "a b c d e f g h"),
        ],
    )
    def test_what_is_typed_becomes_tags(self, typed: str, tags: str) -> None:
        assert TagsField(required=False).clean(typed) == tags

    @pytest.mark.parametrize("typed", ["c++", "a/b", "x" * 31, "\u0301", "a b c d e f g h i", "👍"])
    def test_what_is_none_is_said(self, typed: str) -> None:
        with pytest.raises(ValidationError):
            TagsField(required=False).clean(typed)


class TestWriting:
    def test_they_come_with_the_form_and_stand_in_it_again(self, author: Client) -> None:
        author.post("/posts/new/", {"title": "On reading", "body": "Yes.", "tags": "Essays, #finland"})
        post = Post.objects.get()
        assert (post.tags, post.shown_tags) == ("essays finland", "")
        assert 'value="essays finland"' in author.get(f"/posts/{post.pk}/edit/").content.decode()

    def test_a_mistake_in_them_loses_nothing(self, author: Client) -> None:
        answer = author.post("/posts/new/", {"title": "On reading", "body": "Yes.", "tags": "c++"}).content.decode()
        assert "“c++” cannot be a tag" in answer
        assert 'value="c++"' in answer
        assert not Post.objects.exists()


class TestList:
    def test_a_tag_has_the_posts_with_it_page_by_page(self, client: Client, make_published: MakePost) -> None:
        for number in range(23):
            make_published(number, title=str(number), tags="essays" if number else "essays finland")
        make_published(tags="finland", title="other")
        page = client.get("/tags/essays/")
        assert [row.shown_title for row in page.context["rows"]] == [str(number) for number in range(20)]
        assert 'data-stream="tag:essays"' in page.content.decode()
        assert titles(client, f"/tags/essays/?before={page.context['older']}") == ["20", "21", "22"]

    def test_a_card_and_a_post_lead_to_them(self, client: Client, make_published: MakePost) -> None:
        post = make_published(tags="essays 読書")
        for address in ("/", post.get_absolute_url()):
            text = client.get(address).content.decode()
            assert '<a href="/tags/essays/" dir="auto">#essays</a>' in text
            assert '<a href="/tags/%E8%AA%AD%E6%9B%B8/" dir="auto">#読書</a>' in text
        assert 'data-tags="essays 読書"' in client.get("/").content.decode()

    @pytest.mark.parametrize("typed", ["Essays", "%23essays", "ESSAYS"])
    def test_another_way_to_write_it_leads_to_it(self, client: Client, make_published: MakePost, typed: str) -> None:
        make_published(tags="essays")
        assert client.get(f"/tags/{typed}/").headers["Location"] == "/tags/essays/"

    @pytest.mark.parametrize("tag", ["nobody-s", "c++", "x" * 31, "%00"])
    def test_what_no_post_has_is_not_found(self, client: Client, make_post: MakePost, tag: str) -> None:
        make_post(tags="nobody-s")  # which nobody is to know of yet
        assert client.get(f"/tags/{tag}/").status_code == 404

    def test_hidden_and_deleted_posts_are_in_no_list(self, client: Client, make_published: MakePost) -> None:
        hidden, deleted, _ = (make_published(tags="essays", title=title) for title in ("hidden", "deleted", "shown"))
        Post.objects.filter(pk=hidden.pk).update(hidden_at=hidden.published_at)
        deleted.delete()
        assert titles(client, "/tags/essays/") == ["shown"]
        assert Tagging.objects.filter(post=deleted.pk).count() == 0


class TestMute:
    def test_what_is_muted_stands_in_no_list_but_its_own(
        self, reader: Client, make_published: MakePost, bob: User, ann: User
    ) -> None:
        muted, _ = make_published(tags="horror essays", title="muted"), make_published(tags="essays", title="heard")
        reader.post("/authors/ann/interest/", {"wish": "follow"})
        Notification.objects.create(person=bob, kind=Notification.Kind.POST, actor=ann, post=muted)
        assert reader.get("/notifications/unread/").json() == {"unread": 1}
        answer = reader.post("/tags/horror/interest/", {"wish": "mute"})
        assert answer.headers["Location"] == "/tags/horror/"
        assert titles(reader, "/") == titles(reader, "/following/") == ["heard"]
        assert titles(reader, "/tags/horror/") == ["muted"]
        assert 'data-muted="tag:horror"' in reader.get("/").content.decode()
        assert reader.get("/notifications/unread/").json() == {"unread": 0}
        assert "#horror</a>" in reader.get("/following/").content.decode().partition("What you follow and mute")[2]
        reader.post("/tags/horror/interest/", {"wish": ""})
        assert titles(reader, "/") == ["heard", "muted"]

    def test_a_tag_is_not_followed_and_one_of_nobody_not_muted(self, reader: Client, make_published: MakePost) -> None:
        make_published(tags="essays")
        reader.post("/tags/essays/interest/", {"wish": "follow"})
        assert reader.post("/tags/nobody-s/interest/", {"wish": "mute"}).status_code == 404
        assert not Interest.objects.exists()

    def test_what_is_muted_can_be_heard_again_when_nothing_is_left_of_it(
        self, reader: Client, make_published: MakePost
    ) -> None:
        post = make_published(tags="essays")
        reader.post("/tags/essays/interest/", {"wish": "mute"})
        post.delete()
        assert reader.post("/tags/essays/interest/", {"wish": ""}).status_code == 302
        assert not Interest.objects.exists()
        assert reader.post("/tags/a%00/interest/", {"wish": "mute"}).status_code == 404
        assert reader.post("/drafts/a%00/delete/").status_code == 404
