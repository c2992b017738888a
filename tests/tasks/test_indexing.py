"""What brings the search up to date where nobody publishes anything."""

import pytest

from posts.models import Post, PostWords
from tasks.indexing import index_due

from ..conftest import MakePost

pytestmark = pytest.mark.django_db


def test_posts_that_came_out_without_their_words_get_them(make_published: MakePost, make_post: MakePost) -> None:
    """Of before the search, or published by code of before it; what nobody has read yet has none."""
    old, _ = make_published(title="An island"), make_post(title="Waiting")
    index_due()
    assert [words.post_id for words in PostWords.objects.filter(words__contains="island")] == [old.pk]
    assert list(Post.objects.filter(index_due=True).values_list("title", flat=True)) == ["Waiting"]
    PostWords.objects.update(words="untouched")
    index_due()
    assert PostWords.objects.get().words == "untouched"
