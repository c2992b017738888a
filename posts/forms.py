"""What people write: posts and comments, new and edited."""

import uuid
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .candidates import NoSuchCandidate, book_of, candidate
from .fields import IsbnField, LineField, TextField
from .models import BODY_LENGTH, COMMENT_LENGTH, TITLE_LENGTH, Comment, Post
from .rendering import render_markdown
from .tags import TagsField


class PostForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """Of a post that has its author, whether or not it is saved."""

    title = LineField(
        label=_("Title"), max_length=TITLE_LENGTH, widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"})
    )
    body = TextField(
        label=_("Your post"),
        max_length=BODY_LENGTH,
        widget=forms.Textarea(attrs={"rows": 12, "dir": "auto"}),
        help_text=_(
            "Markdown works: *emphasis*, **strong**, > quotes, lists, links, "
            "and ||what stays hidden until it is pressed||."
        ),
    )
    book_title = LineField(
        label=_("Title of the book"), max_length=200, required=False, widget=forms.TextInput(attrs={"dir": "auto"})
    )
    book_author = LineField(
        label=_("Its author"), max_length=200, required=False, widget=forms.TextInput(attrs={"dir": "auto"})
    )
    isbn = IsbnField(
        label="ISBN",
        max_length=40,
        required=False,
        help_text=_(
            "10 or 13 digits, often above the bar code. It finds the very edition, with title, author and cover."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    tags = TagsField(
        label=_("Tags"),
        max_length=500,
        required=False,
        help_text=_("What it is about, up to eight words: essays, sea-stories, finland"),
        widget=forms.TextInput(attrs={"dir": "auto", "autocapitalize": "none"}),
    )
    spoiler = forms.BooleanField(label=_("My post gives away what happens in the book"), required=False)

    pick = forms.CharField(max_length=100, required=False)  # as posts/candidates.py gives them

    class Meta:
        model = Post
        fields = ("title", "body", "spoiler", "book_title", "book_author", "isbn", "tags")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.picked_id:
            self.initial["pick"] = f"book-{self.instance.picked_id}"

    def clean_pick(self) -> str:
        pick: str = self.cleaned_data["pick"]
        try:
            if pick:
                candidate(pick, self.instance.author)
        except NoSuchCandidate:
            raise ValidationError(_("This book cannot be picked any more. Please choose again.")) from None
        return pick

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and "pick" in self.fields:
            self.instance.picked = book_of(cleaned["pick"], self.instance.author) if cleaned["pick"] else None
        return cleaned

    def full_clean(self) -> None:
        super().full_clean()
        wrong = [name for name in self.fields if name in self.errors]
        for name in wrong[:1]:
            self.fields[name].widget.attrs["autofocus"] = True

    @property
    def post_fields(self) -> list[forms.BoundField]:
        return [self["title"], self["body"], self["spoiler"], self["tags"]]

    @property
    def book_fields(self) -> list[forms.BoundField]:
        return [self["isbn"], self["book_title"], self["book_author"]]


def key_field() -> forms.CharField:
    """What tells a submit that arrives twice from two."""
    # Longer than a key of ours is a key of nobody's: an error, not a second post.
    return forms.CharField(max_length=64, required=False, widget=forms.HiddenInput, initial=lambda: uuid.uuid4().hex)


class NewPostForm(PostForm):
    key = key_field()

    def __init__(self, author: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.author = author


class CommentForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    body = TextField(
        label=_("Your comment"),
        max_length=COMMENT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto", "id": "comment"}),
    )

    class Meta:
        model = Comment
        fields = ("body",)

    def save(self, commit: bool = True) -> Comment:
        comment: Comment = self.instance
        comment.html = render_markdown(comment.body)
        if comment.pk is None or not commit:
            super().save(commit)
            return comment
        comment.edited_at = timezone.now()
        # These alone: a comment that was deleted meanwhile stays so.
        comment.save(update_fields=["body", "html", "edited_at"])
        return comment


class NewCommentForm(CommentForm):
    key = key_field()
