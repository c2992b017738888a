"""`/posts/state/`: what a page asks for after each hello."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from posts.models import Like, Post, Step

from ..conftest import MakePost

pytestmark = pytest.mark.django_db


def test_it_tells_the_numbers_by_id(client: Client, make_published: MakePost, bob: User) -> None:
    one, other = make_published(), make_published()
    Like.objects.create(post=one, person=bob)
    answer = client.get(f"/posts/state/?ids={one.pk},{other.pk}")
    assert answer.json() == {
        str(one.pk): {"likes": 1, "comments": 0, "talk": 0, "liked": False},
        str(other.pk): {"likes": 0, "comments": 0, "talk": 0, "liked": False},
    }
    assert "no-store" in answer.headers["Cache-Control"]


def test_it_knows_its_reader_s_own_likes(client: Client, make_published: MakePost, bob: User) -> None:
    one, other = make_published(), make_published()
    Like.objects.create(post=one, person=bob)
    client.force_login(bob)
    state = client.get(f"/posts/state/?ids={one.pk},{other.pk}").json()
    assert (state[str(one.pk)]["liked"], state[str(other.pk)]["liked"]) == (True, False)


def test_an_author_is_told_how_far_their_post_is_and_nobody_else(
    author: Client, make_post: MakePost, bob: User
) -> None:
    post = make_post()
    Post.objects.filter(pk=post.pk).update(step=Step.LOOKING_UP)
    progress = author.get(f"/posts/state/?ids={post.pk}").json()[str(post.pk)]["progress"]
    assert progress == {"step": "looking_up", "detail": "Looking for the book in the catalogue."}
    author.force_login(bob)
    assert author.get(f"/posts/state/?ids={post.pk}").json() == {}
    author.logout()
    assert author.get(f"/posts/state/?ids={post.pk}").json() == {}


@pytest.mark.parametrize("ids", ["x", "1,", ",1", "1;2", "-1", "1.5", "9" * 19, ",".join(["1"] * 101), "١"])
def test_what_are_no_ids_is_a_clear_mistake(client: Client, ids: str) -> None:
    answer = client.get("/posts/state/", {"ids": ids})
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_no_ids_and_ids_of_nothing_are_no_mistake(client: Client) -> None:
    assert client.get("/posts/state/").json() == {}
    assert client.get("/posts/state/?ids=0,999999999999999999").json() == {}


def test_its_queries_do_not_grow_with_the_posts(
    author: Client, make_post: MakePost, make_published: MakePost, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ids = [str(make().pk) for make in (make_post, make_published) for _ in range(5)]
    with django_assert_num_queries(6):  # session, person, posts, likes, books, the usual time
        author.get(f"/posts/state/?ids={','.join(ids)}")
