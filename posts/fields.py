"""What people type into forms: text that can be seen, in many lines or one, and ISBNs."""

import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from stdnum import isbn
from stdnum.exceptions import InvalidChecksum
from stdnum.exceptions import ValidationError as NotAnIsbn

from .rendering import CONTROLS, without_towers


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
            raise ValidationError(_("There is nothing to be seen in this."))
        if without_towers(value) != value:
            raise ValidationError(_("There are too many marks on one letter."))


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
            raise ValidationError(_("An ISBN has 10 or 13 digits."))
        try:
            return isbn.to_isbn13(isbn.validate(text, convert=True))
        except InvalidChecksum:
            raise ValidationError(_("The last digit of this ISBN does not fit the others. Is one mistyped?")) from None
        except NotAnIsbn:
            raise ValidationError(_("This is not an ISBN. It has 10 or 13 digits, 13 begin with 978 or 979.")) from None
