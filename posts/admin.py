"""The operator's view of posts and books. A save here goes the way of an author's: through the pipeline."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .books import spread
from .forms import CommentForm, PostForm
from .merging import CannotMerge, merge
from .models import Act, Book, Comment, Interest, Post
from .moderation import record

MOST_MERGED = 10  # books at once


class PostAdminForm(PostForm):
    pick = None  # type: ignore[assignment]  # as Django takes a field out: here the book itself is chosen


@admin.register(Post)
class PostAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    form = PostAdminForm
    raw_id_fields = ("picked",)
    list_display = ("title", "author", "state", "step", "due_at", "published_at")
    list_filter = ("state", "step")
    list_select_related = ("author",)
    search_fields = ("title", "author__username", "isbn")
    date_hierarchy = "created_at"
    fields = (
        *Post.WRITTEN_COLUMNS,
        "author",
        "state",
        "step",
        "attempts",
        "due_at",
        "error",
        "published_at",
    )
    readonly_fields = ("author", "state", "step", "attempts", "due_at", "error", "published_at")
    actions = ("submit_again",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # a post has an author, and the form is where authors write

    def save_model(self, request: HttpRequest, obj: Post, form: ModelForm[Any], change: bool) -> None:
        if form.has_changed():
            obj.edit()

    @admin.action(description=_("Enrich again"))
    def submit_again(self, request: HttpRequest, queryset: Any) -> None:
        for post in queryset:
            post.submit()
        self.message_user(request, gettext("They are in the queue."))


@admin.register(Book)
class BookAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    list_display = ("__str__", "author", "isbn", "year", "outcome", "cover_outcome", "asked_at", "merged_into")
    list_select_related = ("merged_into",)
    list_filter = ("outcome", "cover_outcome")
    search_fields = ("title", "author", "isbn")
    readonly_fields = ("merged_into", "by_person")
    actions = ("merge",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # a book is made by the first post about it

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: Book, form: ModelForm[Any], change: bool) -> None:
        obj.add_by_person(form.changed_data)
        obj.save(update_fields=[*form.changed_data, "by_person"])  # a worker may be writing the others
        spread(obj, form.changed_data)

    @admin.action(description=_("Merge into one …"), permissions=["change"])
    def merge(self, request: HttpRequest, queryset: QuerySet[Book]) -> HttpResponse | None:
        """Shows what would come of it, and does it when that page says into which."""
        into = request.POST.get("into", "")
        ids = list(queryset.values_list("pk", flat=True)[: MOST_MERGED + 1])
        try:
            if not 1 < len(ids) <= MOST_MERGED:
                raise CannotMerge(gettext("Select two books or more, and %(n)s at most.") % {"n": MOST_MERGED})
            if into in map(str, ids):
                stays = merge(int(into), [pk for pk in ids if pk != int(into)])
                self.log_change(request, stays, f"Merged with the books {', '.join(str(pk) for pk in ids)}.")
                self.message_user(request, gettext("They are one book now: %(book)s.") % {"book": stays})
                return None
        except CannotMerge as error:
            self.message_user(request, str(error), messages.ERROR)
            return None
        context = {**self.admin_site.each_context(request), "books": compared(ids), "title": gettext("Merge books")}
        return TemplateResponse(request, "admin/merge_books.html", context)


def compared(ids: list[int]) -> QuerySet[Book]:
    """The books, and what each would take along; the one with the most posts first."""
    posts, wishes = Post.objects.filter(book=OuterRef("pk")), Interest.objects.filter(book=OuterRef("pk"))
    counts = {
        "post_number": counted(posts, "book"),
        "follower_number": counted(wishes.filter(wish=Interest.Wish.FOLLOW), "book"),
        "mute_number": counted(wishes.filter(wish=Interest.Wish.MUTE), "book"),
    }
    return Book.objects.filter(pk__in=ids).annotate(**counts).order_by("-post_number", "pk")


def counted(rows: QuerySet[Any], by: str) -> Coalesce:
    return Coalesce(Subquery(rows.order_by().values(by).annotate(number=Count("pk")).values("number")), 0)


@admin.register(Comment)
class CommentAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    form = CommentForm
    list_display = ("__str__", "created_at", "edited_at")
    list_select_related = ("author", "post")
    search_fields = ("body", "author__username")
    fields = ("body", "author", "post")
    readonly_fields = ("author", "post")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # a comment has an author, and the post's page is where they write

    def save_model(self, request: HttpRequest, obj: Comment, form: ModelForm[Any], change: bool) -> None:
        if form.has_changed():
            form.save()


class PersonAdmin(UserAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: User, form: ModelForm[Any], change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and "is_active" in form.changed_data and isinstance(request.user, User):
            record(Act.Deed.REINSTATE if obj.is_active else Act.Deed.SHUT, obj, request.user, "")


admin.site.unregister(User)
admin.site.register(User, PersonAdmin)


@admin.register(Act)
class ActAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    list_display = ("at", "__str__", "reason")
    list_filter = ("deed",)
    search_fields = ("moderator_name", "person_name")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Act | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Act | None = None) -> bool:
        return False
