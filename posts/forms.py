"""What people write: posts and comments, new and edited."""

import unicodedata
import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from stdnum import isbn
from stdnum.exceptions import InvalidChecksum
from stdnum.exceptions import ValidationError as NotAnIsbn

from .models import BODY_LENGTH, COMMENT_LENGTH, MOST_TAGS, TITLE_LENGTH, Comment, Post
from .rendering import CONTROLS, render_markdown, without_towers
from .tags import TagsField


class TextField(forms.CharField):
    """Text that can be seen, and that leaves alone what stands around it."""

    def to_python(self, value: Any) -> Any:
        # A line end counts as one character, as it does where it is typed; a browser sends two.
        if isinstance(value, str):
            value = value.replace("\r\n", "\n").replace("\r", "\n").translate(CONTROLS)
        return super().to_python(value)

    def validate(self, value: str) -> None:
        super().validate(value)
        # Of letters, numbers, punctuation and symbols one at least: the rest are marks, spaces and controls.
        if value and not any(unicodedata.category(c)[0] in "LNPS" for c in value):
            raise ValidationError("There is nothing to be seen in this.")
        if without_towers(value) != value:
            raise ValidationError("There are too many marks on one letter.")


class LineField(TextField):
    """The same in one line."""

    def to_python(self, value: Any) -> Any:
        return " ".join(super().to_python(value).splitlines())


class IsbnField(forms.CharField):
    """An ISBN-10 or -13 with or without hyphens; gives the ISBN-13."""

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        if not text:
            return ""
        if len(text.replace("-", "").replace(" ", "")) not in (10, 13):  # the library makes ten digits of nine
            raise ValidationError("An ISBN has 10 or 13 digits.")
        try:
            return isbn.to_isbn13(isbn.validate(text, convert=True))
        except InvalidChecksum:
            raise ValidationError("The last digit of this ISBN does not fit the others. Is one mistyped?") from None
        except NotAnIsbn:
            raise ValidationError("This is not an ISBN. It has 10 or 13 digits, 13 begin with 978 or 979.") from None


class PostForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    title = LineField(max_length=TITLE_LENGTH, widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}))
    body = TextField(
        label="Your post",
        max_length=BODY_LENGTH,
        widget=forms.Textarea(attrs={"rows": 12, "dir": "auto"}),
        help_text="Markdown works: *emphasis*, **strong**, > quotes, lists, links, and ||what stays hidden "
        "until it is pressed||.",
    )
    book_title = LineField(
        label="Title of the book", max_length=200, required=False, widget=forms.TextInput(attrs={"dir": "auto"})
    )
    book_author = LineField(
        label="Its author", max_length=200, required=False, widget=forms.TextInput(attrs={"dir": "auto"})
    )
    isbn = IsbnField(
        label="ISBN",
        max_length=40,
        required=False,
        help_text="10 or 13 digits, often above the bar code. It finds the very edition, with title, author and cover.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    tags = TagsField(
        max_length=500,
        required=False,
        help_text=f"What it is about, up to {MOST_TAGS} words: essays, sea-stories, finland",
        widget=forms.TextInput(attrs={"dir": "auto", "autocapitalize": "none"}),
    )
    spoiler = forms.BooleanField(label="My post gives away what happens in the book", required=False)

    class Meta:
        model = Post
        fields = ("title", "body", "spoiler", "book_title", "book_author", "isbn", "tags")

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


class CommentForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    body = TextField(
        label="Your comment",
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
