"""Drafts on the server: kept while their author types, seen by nobody else, gone with the post that they become."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from posts.drafts import MOST_DRAFTS
from posts.models import Draft, Post

pytestmark = pytest.mark.django_db


def keep(author: Client, name: str = "a1", **fields: str) -> Any:
    return author.post("/drafts/", {"draft": name, "title": "Begun", **fields})


def test_what_is_sent_is_kept_as_it_was_typed_and_never_published(author: Client) -> None:
    assert keep(author, body="", isbn="97809", tags="c++", spoiler="on").status_code == 200
    assert keep(author, body="Half a sent", isbn="97809", tags="c++", spoiler="on").status_code == 200
    assert not Post.objects.exists()
    draft = Draft.objects.get()
    assert (draft.fields["body"], draft.fields["isbn"], draft.fields["tags"]) == ("Half a sent", "97809", "c++")
    page = author.get(draft.get_absolute_url()).content.decode()
    for typed in ('value="Begun"', "Half a sent", 'value="97809"', 'value="c++"', "checked", 'name="draft" value="a1"'):
        assert typed in page
    assert "Begun" in author.get("/drafts/").content.decode()


def test_nobody_else_sees_it(author: Client, bob: User) -> None:
    keep(author)
    other = Client()
    assert other.get("/drafts/").headers["Location"] == "/accounts/login/?next=/drafts/"
    other.force_login(bob)
    assert "Begun" not in other.get("/drafts/").content.decode()
    assert other.get("/posts/new/?draft=a1").status_code == 404
    assert other.post("/drafts/a1/delete/").status_code == 404
    keep(other, title="Bob's")
    assert sorted(draft.fields["title"] for draft in Draft.objects.all()) == ["Begun", "Bob's"]


def test_it_goes_with_the_post_that_it_becomes(author: Client) -> None:
    keep(author)
    keep(author, "b2")
    keep(author, "c3", title="Another")
    post = {"title": "Done", "body": "Four evenings.", "draft": "a1", "replaces": "b2"}
    author.post("/posts/new/", post | {"title": ""})
    assert Draft.objects.count() == 3
    author.post("/posts/new/", post)
    assert [draft.fields["title"] for draft in Draft.objects.all()] == ["Another"]
    assert Post.objects.get().title == "Done"


def test_a_page_that_brought_it_back_takes_its_place(author: Client) -> None:
    keep(author)
    keep(author, "b2", title="Begun and gone on", replaces="a1")
    assert [draft.name for draft in Draft.objects.all()] == ["b2"]


def test_without_scripts_there_is_a_button(author: Client) -> None:
    answer = author.post("/posts/new/", {"title": "", "body": "Half", "keep": "yes"})
    assert answer.headers["Location"] == "/drafts/"
    assert ">Half</b>" in author.get("/drafts/").content.decode()
    again = author.post("/posts/new/", {"body": "Half a sentence", "keep": "yes", "draft": Draft.objects.get().name})
    assert again.cookies["saved"].value == Draft.objects.get().name
    assert Draft.objects.get().fields["body"] == "Half a sentence"
    assert not Post.objects.exists()


def test_there_are_only_so_many_and_nothing_typed_is_lost_over_that(author: Client) -> None:
    for number in range(MOST_DRAFTS):
        assert keep(author, f"{number:x}").status_code == 200
    answer = keep(author, "ff")
    assert answer.status_code == 409
    assert "Publish or delete one of them" in answer.json()["error"]
    assert keep(author, "0", body="Still changing").status_code == 200
    page = author.post("/posts/new/", {"title": "One more", "body": "Mine.", "keep": "yes"}).content.decode()
    assert "Publish or delete one of them" in page
    assert 'value="One more"' in page
    assert "Mine." in page
    assert Draft.objects.count() == MOST_DRAFTS


@pytest.mark.parametrize("fields", [{"body": "x" * 40_001}, {"title": "x" * 401}, {"spoiler": "x" * 21}])
def test_what_is_far_too_long_is_refused(author: Client, fields: dict[str, str]) -> None:
    answer = keep(author, **fields)
    assert answer.status_code == 409
    assert "too long" in answer.json()["error"]
    assert not Draft.objects.exists()


def test_odd_characters_and_names_do_no_harm(author: Client) -> None:
    assert keep(author, "../x", title="a\0b").status_code == 200
    draft = Draft.objects.get()
    assert draft.fields["title"] == "ab"
    assert draft.name != "../x"
    assert author.get("/posts/new/?draft=%00").status_code == 404


def test_to_delete_one_asks(author: Client) -> None:
    keep(author)
    assert "Delete the draft “Begun”?" in author.get("/drafts/a1/delete/").content.decode()
    assert Draft.objects.exists()
    assert author.post("/drafts/a1/delete/").headers["Location"] == "/drafts/"
    assert not Draft.objects.exists()
