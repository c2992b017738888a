"""Where those who have written about a book set right what is known of it; each correction is written down."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods
from PIL import Image

from .books import spread
from .fields import LineField
from .models import REASON_LENGTH, Act, Book
from .moderation import may_correct, record
from .pictures import MOST_BYTES, Cover, NotACover, decode, store
from .views import SignedInRequest

CORRECTIONS_PER_HOUR = 30  # of one person


class BookForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """What is changed is what differs from what the form showed, which comes back with it: a catalogue, or somebody
    else, may have filled a field meanwhile that was empty then."""

    title = LineField(
        label=_("Title"),
        max_length=300,
        required=False,
        show_hidden_initial=True,
        widget=forms.TextInput(attrs={"dir": "auto"}),
    )
    author = LineField(
        label=_("Author"),
        max_length=300,
        required=False,
        show_hidden_initial=True,
        widget=forms.TextInput(attrs={"dir": "auto"}),
    )
    year = forms.RegexField(
        "^[0-9]{4}$",
        label=_("Year"),
        required=False,
        show_hidden_initial=True,
        error_messages={"invalid": _("A year has four digits.")},
    )
    cover = forms.FileField(
        label=_("Cover"),
        required=False,
        help_text=_("A JPEG, PNG, WebP or GIF of up to 5 MB."),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp,image/gif"}),
    )

    class Meta:
        model = Book
        fields = ("title", "author", "year")

    def clean_cover(self) -> Image.Image | None:
        file: UploadedFile | None = self.cleaned_data["cover"]
        if file is None:
            return None
        if (file.size or 0) > MOST_BYTES:
            raise ValidationError(_("A cover has 5 MB at most."))
        try:
            return decode(file.read())
        except NotACover as error:
            raise ValidationError(_("This cannot be a cover: %(why)s.") % {"why": error}) from None

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        is_emptied = "title" in self.changed_data and not cleaned.get("title")
        if is_emptied and not self.instance.isbn:
            self.add_error("title", _("A book without an ISBN needs a title."))
        return cleaned


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def book_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    book = get_object_or_404(Book, pk=pk)
    if not may_correct(request.user, book):
        raise Http404("Not yours to correct.")
    is_over = has_corrected_enough(request.user)
    # Beyond the limit no picture is decoded either.
    form = BookForm(request.POST or None, None if is_over else request.FILES or None, instance=book)
    if request.method == "POST" and form.is_valid():
        if not is_over:
            return_to = correct(book.pk, form, request.user)
            messages.success(request, _("Thank you. Readers see it from now on."))
            return redirect(return_to)
        form.add_error(
            None, _("That is %(n)s corrections within an hour. Please wait a little.") % {"n": CORRECTIONS_PER_HOUR}
        )
    return render(request, "posts/book_edit.html", {"book": Book.objects.get(pk=pk), "form": form})


def has_corrected_enough(person: User) -> bool:
    since = timezone.now() - timedelta(hours=1)
    done = Act.objects.filter(moderator=person, deed=Act.Deed.CORRECT, at__gt=since).count()
    return done >= CORRECTIONS_PER_HOUR


def correct(pk: int, form: BookForm, person: User) -> Book:
    """Write what was changed in the form, and no more: somebody else may have corrected the rest meanwhile."""
    image = form.cleaned_data["cover"]
    return write(pk, form, store(image) if image else None, person)  # stored before anybody waits for the row


@transaction.atomic
def write(pk: int, form: BookForm, cover: Cover | None, person: User) -> Book:
    book = get_object_or_404(Book.objects.select_for_update(no_key=True), pk=pk)
    called, said = str(book), []
    for name in form.changed_data:
        if name == "cover" and cover:
            book.cover_small, book.cover_large = cover.small, cover.large
            book.cover_width, book.cover_height = cover.width, cover.height
            said.append("another cover")
        else:
            value = form.cleaned_data[name]
            said.append(f"{name}: “{getattr(book, name)}” → “{value}”")
            setattr(book, name, value)
    if not said:
        return book
    book.add_by_person(form.changed_data)
    book.save()
    record(Act.Deed.CORRECT, person, person, "\n".join(said)[:REASON_LENGTH], thing=f"the book “{called}”"[:300])
    spread(book, form.changed_data)
    return book
