"""What readers do with a post: like it, and comment on it."""

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from .forms import CommentForm, NewCommentForm
from .models import Comment, Like, Post
from .state import state_of
from .views import SignedInRequest, page_of_comments


def published_post(pk: int) -> Post:
    return get_object_or_404(Post.objects.published().with_card(), pk=pk)


@require_POST
def like(request: HttpRequest, pk: int) -> HttpResponse:
    """Like a post, or no longer. A script gets the post's state, a form gets the post's page."""
    post = published_post(pk)
    if not request.user.is_authenticated:
        return redirect_to_login(post.get_absolute_url())  # with this address, it would be left alone with a POST's
    toggle(post, request.user.pk)
    if request.accepts("text/html"):
        return redirect(post)
    return JsonResponse(state_of([pk], request.user))


def toggle(post: Post, person_id: int) -> None:
    """Of two at once by the same person, one likes and the other finds it so:

    1. both found no like to take away,
    2. one added it,
    3. the other runs into the constraint here, and leaves it.
    """
    taken_away, _ = Like.objects.filter(post=post, person_id=person_id).delete()
    if not taken_away:
        try:
            with transaction.atomic():
                Like.objects.create(post=post, person_id=person_id)
        except IntegrityError:
            return


@require_http_methods(["GET", "HEAD", "POST"])
def comments(request: HttpRequest, pk: int) -> HttpResponse:
    """All comments on a post, the newest first; and where a new one is sent to."""
    post = published_post(pk)
    form = NewCommentForm(request.POST or None)
    if request.method == "POST":
        if not request.user.is_authenticated:
            return redirect_to_login(f"{post.get_absolute_url()}#comment")
        if form.is_valid():
            return redirect(submit_once(form, post, request.user.pk))
    context = {"post": post, "form": form, **page_of_comments(post, request.GET.get("before"))}
    return render(request, "posts/comments.html", context)


def submit_once(form: NewCommentForm, post: Post, author_id: int) -> Comment:
    """Save a new comment, or find the one that the same form has become already (as posts do)."""
    key = form.cleaned_data["key"] or None
    first = Comment.objects.filter(author_id=author_id, key=key).first() if key else None
    if first:
        return first
    comment: Comment = form.save(commit=False)
    comment.post, comment.author_id, comment.key = post, author_id, key
    try:
        with transaction.atomic():
            comment.save()
    except IntegrityError:
        first = Comment.objects.filter(author_id=author_id, key=key).first() if key else None
        if first is None:  # the post was deleted meanwhile
            raise Http404("No such post.") from None
        return first
    return comment


def own_comment(request: SignedInRequest, pk: int, comment_pk: int) -> Comment:
    """The person's comment; to everybody else it does not exist."""
    comments = Comment.objects.select_related("post")
    return get_object_or_404(comments, pk=comment_pk, post_id=pk, author=request.user)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def comment_edit(request: SignedInRequest, pk: int, comment_pk: int) -> HttpResponse:
    comment = own_comment(request, pk, comment_pk)
    form = CommentForm(request.POST or None, instance=comment)
    if request.method == "POST" and form.is_valid():
        if form.has_changed():
            comment.edited_at = timezone.now()
            form.save()
        return redirect(comment)
    return render(request, "posts/comment_edit.html", {"form": form, "comment": comment})


@login_required
@require_POST
def comment_delete(request: SignedInRequest, pk: int, comment_pk: int) -> HttpResponse:
    comment = own_comment(request, pk, comment_pk)
    comment.delete()
    return redirect(f"{comment.post.get_absolute_url()}#comments")
