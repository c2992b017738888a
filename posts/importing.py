"""Bringing along what one has written elsewhere: a file becomes an import, whose page says what came of each row."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from . import goodreads
from .models import Import, ImportRow, RowState
from .outbox import State
from .views import SignedInRequest, whole_number

ROWS_LENGTH = 50
IMPORTS_LENGTH = 10
IMPORTS_A_DAY = 10


class ImportForm(forms.Form):
    file = forms.FileField(
        label=_("The file"),
        help_text=_("On Goodreads: My Books, Import and export, Export Library. At most 5 MB and 5,000 books."),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )
    all_rows = forms.BooleanField(label=_("Also the books without a review"), required=False)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if "file" in cleaned:
            try:
                rows = [*enumerate(goodreads.read(cleaned["file"]), start=1)]
            except goodreads.Unreadable as error:
                raise ValidationError({"file": str(error)}) from error
            cleaned["rows"] = [row for row in rows if cleaned["all_rows"] or goodreads.has_review(row[1])]
            if not cleaned["rows"]:
                none = (
                    _("There is no book in the file.") if not rows else _("None of the books in the file has a review.")
                )
                raise ValidationError({"file": none})
        return cleaned


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def import_add(request: SignedInRequest) -> HttpResponse:
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST":
        trouble = not_now(request.user)
        if form.is_valid() and not trouble:
            return redirect(begin(request.user, form.cleaned_data["file"], form.cleaned_data["rows"]))
        if trouble:
            form.add_error(None, trouble)
    imports = Import.objects.filter(person=request.user).order_by("-pk")[:IMPORTS_LENGTH]
    return render(request, "posts/import_add.html", {"form": form, "imports": imports})


def not_now(person: User) -> str:
    """Why somebody cannot begin an import at the moment; empty where they can."""
    own = Import.objects.filter(person=person)
    if own.filter(state__in=[State.PENDING, State.PROCESSING]).exists():
        return str(_("Your last import is still at work. Please wait until it is done."))
    if own.filter(created_at__gt=timezone.now() - timedelta(days=1)).count() >= IMPORTS_A_DAY:
        return _("That is %(n)s imports within a day. Please wait until tomorrow.") % {"n": IMPORTS_A_DAY}
    return ""


@transaction.atomic
def begin(person: User, file: UploadedFile, rows: list[tuple[int, dict[str, str]]]) -> Import:
    batch = Import(person=person, file_name=(file.name or "")[:100])  # printable: Django has seen to that
    batch.submit()
    ImportRow.objects.bulk_create(
        [
            ImportRow(import_of=batch, number=number, title=goodreads.title_of(fields), fields=fields)
            for number, fields in rows
        ],
        batch_size=500,
    )
    return batch


@login_required
@require_safe
def import_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    """How far an import has come, and a page of its rows."""
    batch = get_object_or_404(Import, pk=pk, person=request.user)
    only = "failed" if request.GET.get("only") == "failed" else ""
    rows = batch.rows.filter(number__gt=whole_number(request.GET.get("after", "0"))).order_by("number")
    if only:
        rows = rows.filter(state=RowState.FAILED)
    found = list(rows.select_related("post").defer("fields", "post__body", "post__html")[: ROWS_LENGTH + 1])
    page = found[:ROWS_LENGTH]
    counts = batch.counts()
    context = {
        "batch": batch,
        "rows": page,
        "next": page[-1].number if len(found) > ROWS_LENGTH else None,
        "only": only,
        "counts": counts,
        "total": sum(counts.values()),
        "through": sum(counts.values()) - counts["waiting"] - counts["made"],
    }
    return render(request, "posts/import.html", context)


@login_required
@require_POST
def import_retry(request: SignedInRequest, pk: int) -> HttpResponse:
    """Give the rows that have failed another try; and an import that was given up."""
    with transaction.atomic():
        batch = get_object_or_404(Import.objects.select_for_update(), pk=pk, person=request.user)
        if not batch.is_going_on:
            batch.rows.filter(state=RowState.FAILED).update(state=RowState.WAITING, reason="")
            batch.submit()
    return redirect(batch)
