"""The operator's view of posts and books. A save here goes the way of an author's: through the pipeline."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest

from .forms import CommentForm, PostForm
from .models import Act, Book, Comment, Post


class PostAdminForm(PostForm):
    pick = None  # type: ignore[assignment]  # as Django takes a field out: here the book itself is chosen


@admin.register(Post)
class PostAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    form = PostAdminForm
    raw_id_fields = ("picked",)
    list_display = ("title", "author", "book", "state", "step", "attempts", "due_at", "published_at")
    list_filter = ("state", "step")
    list_select_related = ("author", "book")
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

    @admin.action(description="Enrich again")
    def submit_again(self, request: HttpRequest, queryset: Any) -> None:
        for post in queryset:
            post.submit()
        self.message_user(request, "They are in the queue.")


@admin.register(Book)
class BookAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    list_display = ("__str__", "author", "isbn", "year", "outcome", "cover_outcome", "asked_at")
    list_filter = ("outcome", "cover_outcome")
    search_fields = ("title", "author", "isbn")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # a book is made by the first post about it

    def save_model(self, request: HttpRequest, obj: Book, form: ModelForm[Any], change: bool) -> None:
        obj.save(update_fields=form.changed_data)  # a worker may be writing the others


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
