from django.urls import path, register_converter
from django.urls.converters import IntConverter

from . import (
    correcting,
    drafts,
    export,
    feeds,
    following,
    importing,
    inbox,
    moderating,
    reporting,
    search,
    sitemaps,
    talking,
    views,
    writing,
)


class IdConverter(IntConverter):
    """A number that a primary key could be; a longer one is more than a database takes."""

    regex = "[0-9]{1,18}"


register_converter(IdConverter, "id")
app_name = "posts"
urlpatterns = [
    path("", views.post_list, name="list"),
    path("mine/", views.mine, name="mine"),
    path("mine/export/", export.export, name="export"),
    path("mine/import/", importing.import_add, name="add_import"),
    path("mine/import/<id:pk>/", importing.import_detail, name="import"),
    path("mine/import/<id:pk>/retry/", importing.import_retry, name="retry_import"),
    path("drafts/", drafts.drafts, name="drafts"),
    path("drafts/<str:name>/delete/", drafts.draft_delete, name="delete_draft"),
    path("following/", following.following, name="following"),
    path("notifications/", inbox.inbox, name="notifications"),
    path("notifications/read/", inbox.read_all, name="read_all"),
    path("notifications/unread/", inbox.unread, name="unread"),
    path("notifications/<id:pk>/", inbox.follow, name="notification"),
    path("report/posts/<id:pk>/", reporting.report, name="report"),
    path("report/posts/<id:pk>/comments/<id:comment_pk>/", reporting.report, name="report_comment"),
    path("moderation/", moderating.queue, name="moderation"),
    path("moderation/acts/", moderating.acts, name="acts"),
    path("moderation/people/<id:pk>/", moderating.person, name="moderate_person"),
    *(
        each
        for kind in moderating.MODELS
        for each in (
            path(f"moderation/{kind}/", moderating.hidden, {"kind": kind}, name=f"hidden_{kind}"),
            path(f"moderation/{kind}/<id:pk>/", moderating.thing, {"kind": kind}, name=f"moderate_{kind}"),
        )
    ),
    path("authors/<str:username>/", views.author_detail, name="author"),
    path("authors/<str:username>/interest/", following.in_author, name="interest_in_author"),
    *feeds.paths(),
    path("robots.txt", sitemaps.robots),
    path("sitemap.xml", sitemaps.sitemap_index),
    path("sitemap-<str:kind>-<id:number>.xml", sitemaps.sitemap, name="sitemap"),
    path("search/", search.search, name="search"),
    path("tags/<str:tag>/", views.tag_detail, name="tag"),
    path("tags/<str:tag>/interest/", following.in_tag, name="interest_in_tag"),
    path("books/<id:pk>/", views.book_detail, name="book"),
    path("books/<id:pk>/edit/", correcting.book_edit, name="edit_book"),
    path("books/<id:pk>/interest/", following.in_book, name="interest_in_book"),
    path("books/<id:pk>/<slug:slug>/", views.book_detail, name="book"),
    path("posts/new/", writing.post_add, name="add"),
    path("posts/candidates/", writing.candidates, name="candidates"),
    path("posts/<id:pk>/", views.post_detail, name="detail"),
    path("posts/<id:pk>/edit/", writing.post_edit, name="edit"),
    path("posts/<id:pk>/retry/", writing.post_retry, name="retry"),
    path("posts/<id:pk>/delete/", writing.post_delete, name="delete"),
    path("posts/<id:pk>/like/", talking.like, name="like"),
    path("posts/<id:pk>/interest/", inbox.mute_thread, name="mute_thread"),
    path("posts/<id:pk>/comments/", talking.comments, name="comments"),
    path("posts/<id:pk>/comments/<id:comment_pk>/edit/", talking.comment_edit, name="edit_comment"),
    path("posts/<id:pk>/comments/<id:comment_pk>/delete/", talking.comment_delete, name="delete_comment"),
    path("posts/<id:pk>/<slug:slug>/", views.post_detail, name="detail"),
]
