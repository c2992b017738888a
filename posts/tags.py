"""What a post's tags are made of: words that an author types, as everybody writes them."""

import re
import unicodedata
from datetime import datetime

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from .models import MOST_TAGS, TAG_LENGTH, Post, Tagging


def tag_of(word: str) -> str:
    """The tag that somebody means by a word: in small letters, without the # in front."""
    return unicodedata.normalize("NFKC", word).lower().removeprefix("#").strip("-")


def is_tag(tag: str) -> bool:
    """Whether it is one, as `tag_of` gives them: of letters, with their marks, digits and hyphens."""
    fits = 0 < len(tag) <= TAG_LENGTH and tag == tag_of(tag) and tag[0].isalnum()
    return fits and all(c == "-" or unicodedata.category(c)[0] in "LNM" for c in tag)


class TagsField(forms.CharField):
    """Words between commas or spaces; gives the tags with a space between each two."""

    def clean(self, value: object) -> str:
        """Raises ValidationError where one is no tag, or where they are too many."""
        tags = list(dict.fromkeys(filter(None, map(tag_of, re.split(r"[\s,]+", super().clean(value))))))
        for tag in tags:
            if not is_tag(tag):
                raise ValidationError(
                    _("“%(tag)s” cannot be a tag. A tag has letters, digits and hyphens, %(n)s at most.")
                    % {"tag": tag[:TAG_LENGTH], "n": TAG_LENGTH}
                )
        if len(tags) > MOST_TAGS:
            raise ValidationError(
                _("These are %(n)s tags. A post has %(most)s at most.") % {"n": len(tags), "most": MOST_TAGS}
            )
        return " ".join(tags)


def keep_tags(post: Post, published_at: datetime, *, is_new: bool) -> None:
    """Bring the lists of its tags in line with what readers see; within the transaction that publishes it."""
    if not is_new:
        post.taggings.exclude(tag__in=post.tag_names).delete()
    taggings = (Tagging(post=post, tag=tag, published_at=published_at) for tag in post.tag_names)
    Tagging.objects.bulk_create(taggings, ignore_conflicts=True)
