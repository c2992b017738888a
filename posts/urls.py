from django.urls import path

from . import export, following, importing, inbox, moderating, reporting, talking, views, writing

app_name = "posts"
urlpatterns = [
    path("", views.post_list, name="list"),
    path("mine/", views.mine, name="mine"),
    path("mine/export/", export.export, name="export"),
    path("mine/import/", importing.import_add, name="add_import"),
    path("mine/import/<int:pk>/", importing.import_detail, name="import"),
    path("mine/import/<int:pk>/retry/", importing.import_retry, name="retry_import"),
    path("following/", following.following, name="following"),
    path("notifications/", inbox.inbox, name="notifications"),
    path("notifications/read/", inbox.read_all, name="read_all"),
    path("notifications/unread/", inbox.unread, name="unread"),
    path("notifications/<int:pk>/", inbox.follow, name="notification"),
    path("report/posts/<int:pk>/", reporting.report, name="report"),
    path("report/posts/<int:pk>/comments/<int:comment_pk>/", reporting.report, name="report_comment"),
    path("moderation/", moderating.queue, name="moderation"),
    path("moderation/acts/", moderating.acts, name="acts"),
    path("moderation/people/<int:pk>/", moderating.person, name="moderate_person"),
    *(
        each
        for kind in moderating.MODELS
        for each in (
            path(f"moderation/{kind}/", moderating.hidden, {"kind": kind}, name=f"hidden_{kind}"),
            path(f"moderation/{kind}/<int:pk>/", moderating.thing, {"kind": kind}, name=f"moderate_{kind}"),
        )
    ),
    path("authors/<str:username>/", views.author_detail, name="author"),
    path("authors/<str:username>/interest/", following.in_author, name="interest_in_author"),
    path("books/<int:pk>/", views.book_detail, name="book"),
    path("books/<int:pk>/interest/", following.in_book, name="interest_in_book"),
    path("books/<int:pk>/<slug:slug>/", views.book_detail, name="book"),
    path("posts/new/", writing.post_add, name="add"),
    path("posts/<int:pk>/", views.post_detail, name="detail"),
    path("posts/<int:pk>/edit/", writing.post_edit, name="edit"),
    path("posts/<int:pk>/retry/", writing.post_retry, name="retry"),
    path("posts/<int:pk>/delete/", writing.post_delete, name="delete"),
    path("posts/<int:pk>/like/", talking.like, name="like"),
    path("posts/<int:pk>/interest/", inbox.mute_thread, name="mute_thread"),
    path("posts/<int:pk>/comments/", talking.comments, name="comments"),
    path("posts/<int:pk>/comments/<int:comment_pk>/edit/", talking.comment_edit, name="edit_comment"),
    path("posts/<int:pk>/comments/<int:comment_pk>/delete/", talking.comment_delete, name="delete_comment"),
    path("posts/<int:pk>/<slug:slug>/", views.post_detail, name="detail"),
]
