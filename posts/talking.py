"""What readers do with a post: like it, and comment on it."""

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from .drafts import saved
from .forms import CommentForm, NewCommentForm
from .models import Comment, Like, Post
from .moderation import keeps_order
from .quotas import complaint_about_comments
from .state import state_of
from .views import SignedInRequest, page_of_comments


def published_post(pk: int) -> Post:
    return get_object_or_404(Post.objects.published().defer("body", "html"), pk=pk)


@require_POST
def like(request: HttpRequest, pk: int) -> HttpResponse:
    """Like a post, or no longer: the other way round, or as `liked` says where a page knows what it wants.

    A script gets the post's state, a form gets the post's page.
    """
    post = published_post(pk)
    if not request.user.is_authenticated:
        return redirect_to_login(post.get_absolute_url())  # with this address, it would be left alone with a POST's
    toggle(pk, request.user.pk, {"true": True, "false": False}.get(request.POST.get("liked", "")))
    if request.headers.get("Accept") == "application/json":  # as static/js/state.js says it
        return JsonResponse(state_of([pk], request.user))
    return redirect(post)


@transaction.atomic
def toggle(post_id: int, person_id: int, wanted: bool | None = None) -> None:
    locked_post(post_id)
    own = Like.objects.filter(post_id=post_id, person_id=person_id)
    likes = own.exists()
    if likes and wanted is not True:
        own.delete()
    elif not likes and wanted is not False:
        Like.objects.create(post_id=post_id, person_id=person_id)


def locked_post(pk: int) -> Post:
    """Raises Http404 where it has just been deleted."""
    post = Post.objects.published().lock(pk)
    if post is None:
        raise Http404("No such post.")
    return post


@require_http_methods(["GET", "HEAD", "POST"])
def comments(request: HttpRequest, pk: int) -> HttpResponse:
    """All comments on a post, the newest first; and where a new one is sent to."""
    post = published_post(pk)
    form = NewCommentForm(request.POST or None)
    if request.method == "POST":
        if not request.user.is_authenticated:
            return redirect_to_login(f"{post.get_absolute_url()}#comment")
        if form.is_valid():
            complaint = "" if first_of(form, request.user.pk) else complaint_about_comments(request.user)
            if not complaint:
                return saved(request, redirect(submit_once(form, pk, request.user.pk)))
            form.add_error(None, complaint)
    context = {"post": post, "form": form, "keeps_order": keeps_order(request.user)}
    context |= page_of_comments(post, request.GET.get("before"))
    return render(request, "posts/comments.html", context)


@transaction.atomic
def submit_once(form: NewCommentForm, post_id: int, author_id: int) -> Comment:
    """Save a new comment, or find the one that the same form has become already (as posts do)."""
    locked_post(post_id)
    first = first_of(form, author_id)
    if first:
        return first
    comment: Comment = form.save(commit=False)
    comment.post_id, comment.author_id, comment.key = post_id, author_id, form.cleaned_data["key"] or None
    try:
        with transaction.atomic():
            comment.save()
    except IntegrityError:  # that lock is one post's, and the key came to another post at the same time
        first = first_of(form, author_id)
        if first is None:
            raise
        return first
    return comment


def first_of(form: NewCommentForm, author_id: int) -> Comment | None:
    """The comment that the same form has become already."""
    key = form.cleaned_data["key"]
    return Comment.objects.filter(author_id=author_id, key=key).first() if key else None


def own_comment(request: SignedInRequest, pk: int, comment_pk: int) -> Comment:
    """The person's comment; to everybody else it does not exist."""
    return get_object_or_404(locked_post(pk).comments, pk=comment_pk, author=request.user)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@transaction.atomic
def comment_edit(request: SignedInRequest, pk: int, comment_pk: int) -> HttpResponse:
    comment = own_comment(request, pk, comment_pk)
    form = CommentForm(request.POST or None, instance=comment)
    if request.method == "POST" and form.is_valid():
        if form.has_changed():
            form.save()
        return saved(request, redirect(comment))
    return render(request, "posts/comment_edit.html", {"form": form, "comment": comment})


@login_required
@require_POST
@transaction.atomic
def comment_delete(request: SignedInRequest, pk: int, comment_pk: int) -> HttpResponse:
    comment = own_comment(request, pk, comment_pk)
    comment.delete()
    return saved(request, redirect(f"{comment.post.get_absolute_url()}#comments"))
