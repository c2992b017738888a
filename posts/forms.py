"""The one form: a new post, and an edit of one."""

import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from stdnum import isbn
from stdnum.exceptions import InvalidChecksum
from stdnum.exceptions import ValidationError as NotAnIsbn

from .models import BODY_LENGTH, TITLE_LENGTH, Post


class BodyField(forms.CharField):
    """Text whose line ends count as one character, as they do where it is typed; a browser sends two."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(value.replace("\r\n", "\n") if isinstance(value, str) else value)


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
    title = forms.CharField(
        max_length=TITLE_LENGTH, widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True})
    )
    body = BodyField(
        label="Your post",
        max_length=BODY_LENGTH,
        widget=forms.Textarea(attrs={"rows": 12}),
        help_text="Markdown works: *emphasis*, **strong**, > quotes, lists and links.",
    )
    book_title = forms.CharField(label="Title of the book", max_length=200, required=False)
    book_author = forms.CharField(label="Its author", max_length=200, required=False)
    isbn = IsbnField(
        label="ISBN",
        max_length=40,
        required=False,
        help_text="10 or 13 digits, often above the bar code. With it we find the cover.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    class Meta:
        model = Post
        fields = ("title", "body", "book_title", "book_author", "isbn")


class NewPostForm(PostForm):
    # Longer than a key of ours is a key of nobody's: an error, not a second post.
    key = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput, initial=lambda: uuid.uuid4().hex)
