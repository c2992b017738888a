"""The operator's view of a post, with what the workers did for it beside it: the one place that knows both."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_celery_results.admin import TaskResultAdmin
from django_celery_results.models import TaskResult

import posts.admin
from bookshelf.history import told_by
from posts.models import Post
from tasks.queue import post_of, task_ids

MOST_SHOWN = 50  # attempts, the latest first


class PostAdmin(posts.admin.PostAdmin):
    def get_fields(self, request: HttpRequest, obj: Post | None = None) -> list[Any]:
        return [*super().get_fields(request, obj), "history"]

    def get_readonly_fields(self, request: HttpRequest, obj: Post | None = None) -> list[Any]:
        return [*super().get_readonly_fields(request, obj), "history"]

    @admin.display(description=_("What the workers did"))
    def history(self, post: Post) -> SafeString | str:
        results = TaskResult.objects.filter(task_id__startswith=task_ids(post.pk)).order_by("-date_done")[:MOST_SHOWN]
        rows = format_html_join(
            "",
            '<tr><td><a href="{}">{}</a></td><td>{}</td><td>{}</td><td>{}</td></tr>',
            (
                (
                    reverse("admin:django_celery_results_taskresult_change", args=[result.pk]),
                    f"{result.date_done:%Y-%m-%d %H:%M:%S}",
                    result.status,
                    *outcome(result),
                )
                for result in results
            ),
        )
        names = (gettext("When (UTC)"), gettext("Task"), gettext("What came of it"), gettext("Who answered what"))
        head = format_html("<tr>{}</tr>", format_html_join("", "<th>{}</th>", ((name,) for name in names)))
        return format_html("<table>{}{}</table>", head, rows) if rows else gettext("Nothing within the last week.")


class HistoryAdmin(TaskResultAdmin):
    """Celery's results, each with its post."""

    list_display = ("date_done", "task_name", "status", "post", "came", "worker")
    list_display_links = ("date_done",)

    @admin.display(description=_("Post"))
    def post(self, result: Any) -> SafeString | str:
        post_id = post_of(result.task_id)
        if post_id is None:
            return "—"
        return format_html('<a href="{}">{}</a>', reverse("admin:posts_post_change", args=[post_id]), post_id)

    @admin.display(description=_("What came of it"))
    def came(self, result: Any) -> str:
        return outcome(result)[0]


def outcome(result: Any) -> tuple[str, str]:
    """What came of a task, and what each source answered, in words."""
    told = told_by(result.result)
    if told is None:
        return str(result.result or ""), ""
    return told["came"], ", ".join(f"{source}: {answer}" for source, answer in told["sources"].items())


for model, model_admin in ((Post, PostAdmin), (TaskResult, HistoryAdmin)):
    admin.site.unregister(model)
    admin.site.register(model, model_admin)
