"""What people write, and the books they write about."""

from __future__ import annotations

import hashlib
import unicodedata
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from .outbox import Outbox, OutboxQuerySet, State

TITLE_LENGTH = 200
BODY_LENGTH = 20_000
COMMENT_LENGTH = 5_000
REASON_LENGTH = 500
TAG_LENGTH, MOST_TAGS = 30, 8
SMALL_COVER, LARGE_COVER = 240, 480  # pixels wide, at most
DRAWN_COVERS = 6  # how many colours the style sheet has for books without a cover
SLUG_LENGTH = 60
TAKEN_SLUGS = {
    "edit",
    "delete",
    "retry",
    "like",
    "comments",
    "interest",
}  # beside the slug in an address stand these, too
OVERTIME = timedelta(seconds=10)  # what a deadline may be exceeded by (the sweep, a busy worker)
FAILED = "failed"  # the step, in the live protocol's words, of a post that is given up
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Characters that turn the direction of all that follows, the page's own words included.
BIDI_CONTROLS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def fold(text: str) -> str:
    """The text without what two people write differently: case, accents, punctuation, spacing.

    What tells words apart stays: vowel signs, which are marks like accents, and the symbols of C++ and C#.
    """
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return " ".join("".join(_folded(c) for c in plain).split())


def _folded(character: str) -> str:
    if "\u0300" <= character <= "\u036f":  # the accents of Latin, Greek and Cyrillic letters
        return ""
    category = unicodedata.category(character)
    return character if category[0] in "LNM" or category in ("Sc", "Sm", "So") or character == "#" else " "


def slug_of(title: str) -> str:
    """A short address part; "post" where the title has no Latin letter or digit to make one of."""
    slug = slugify(title)[:SLUG_LENGTH].strip("-") or "post"
    return f"{slug}-post" if slug in TAKEN_SLUGS else slug


def tone_of(title: str) -> int:
    """Which of its colours the cover that is drawn for a title has."""
    return zlib.crc32(title.encode()) % DRAWN_COVERS


class Outcome(models.TextChoices):
    """What a catalogue answered. Only the last two are worth asking again soon."""

    FOUND = "found", _("found")
    NOT_FOUND = "not found", _("not found")
    REFUSED = "refused", _("refused")
    UNREACHABLE = "unreachable", _("unreachable")


class Book(models.Model):
    """One row for a book, however many posts are about it; also what the catalogue said of it, kept."""

    # "isbn:9780980200447", or "text:" and a digest of the folded title and author.
    key = models.CharField(max_length=80, unique=True, editable=False)
    isbn = models.CharField("ISBN", max_length=13, blank=True)
    title = models.CharField(_("title"), max_length=300, blank=True)
    author = models.CharField(_("author"), max_length=300, blank=True)
    year = models.CharField(_("year"), max_length=4, blank=True)
    source_name = models.CharField(max_length=20, blank=True, editable=False)
    source_url = models.URLField(max_length=300, blank=True, editable=False)
    # A cover's name over there: its number at Open Library, or the volume's at Google Books.
    cover_id = models.PositiveBigIntegerField(_("number of the cover at Open Library"), null=True, blank=True)
    cover_volume = models.CharField(max_length=20, blank=True, editable=False)

    # Names in the storage, and the size in pixels of the large one.
    cover_small = models.CharField(max_length=80, blank=True, editable=False)
    cover_large = models.CharField(max_length=80, blank=True, editable=False)
    cover_width = models.PositiveIntegerField(default=0, editable=False)
    cover_height = models.PositiveIntegerField(default=0, editable=False)
    # Which of FIELDS a person has set, with a space between each two; no catalogue overwrites them.
    by_person = models.CharField(_("set by a person"), max_length=40, blank=True, db_default="", editable=False)
    FIELDS = (gettext_noop("title"), gettext_noop("author"), gettext_noop("year"), gettext_noop("cover"))

    # The one that this turned out to be. The row stays: its key and its old address lead to the other.
    merged_into = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.CASCADE,
        related_name="merged",
        editable=False,
        verbose_name=_("merged into"),
    )

    outcome = models.CharField(
        _("what the catalogue answered"), max_length=12, choices=Outcome, blank=True, editable=False
    )
    cover_outcome = models.CharField(
        _("what came of the cover"), max_length=12, choices=Outcome, blank=True, editable=False
    )
    asked_at = models.DateTimeField(_("asked at"), null=True, editable=False)
    # One worker at a time asks a catalogue about a book; the others come back.
    asking_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("book")
        verbose_name_plural = _("books")

    def __str__(self) -> str:
        return self.title or (f"ISBN {self.isbn}" if self.isbn else f"Book {self.pk}")

    def get_absolute_url(self) -> str:
        return reverse("posts:book", args=[self.pk, slug_of(str(self))])

    @property
    def about(self) -> tuple[object, ...]:
        """What pages say of it beside its title and author."""
        return self.isbn, self.year, self.source_name, self.source_url, self.by_person

    @property
    def set_by_person(self) -> list[str]:
        return self.by_person.split()

    def add_by_person(self, names: Iterable[str]) -> None:
        self.by_person = " ".join(name for name in self.FIELDS if name in {*self.set_by_person, *names})

    @property
    def by_catalogue(self) -> list[str]:
        """Which of FIELDS are there, and are what the catalogue says."""
        known = {"title": self.title, "author": self.author, "year": self.year, "cover": self.cover_large}
        return [name for name in self.FIELDS if known[name] and self.source_name and name not in self.set_by_person]

    @property
    def on_page(self) -> tuple[object, ...]:
        """All that a post's page shows of it, to be compared."""
        return str(self), *self.about, self.cover_small, self.cover_large, self.cover_width, self.cover_height

    @property
    def cover_tone(self) -> int:
        return tone_of(str(self))

    @property
    def cover_small_width(self) -> int:
        return min(self.cover_width, SMALL_COVER)

    @staticmethod
    def key_of(isbn: str, title: str, author: str) -> str:
        """The identity of what an author typed; empty where that names no book."""
        if isbn:
            return f"isbn:{isbn}"
        if not fold(title):
            return ""
        return f"text:{hashlib.sha256(f'{fold(title)}|{fold(author)}'.encode()).hexdigest()}"


class Step(models.TextChoices):
    """How far a post has come, in the words of the live protocol. (FAILED is a state of the outbox.)"""

    SAVED = "saved", _("saved")
    LOOKING_UP = "looking_up", _("looking up the book")
    COVER = "cover", _("getting the cover")
    PUBLISHED = "published", _("published")


@dataclass(frozen=True)
class Progress:
    """`step`: as in the live protocol. `detail`: what is going on or went wrong. `expected`: about how long still."""

    step: str
    detail: str
    expected: str

    @property
    def has_failed(self) -> bool:
        return self.step == FAILED


def _subjects(interests: Iterable[Interest], wish: str) -> tuple[list[int], list[int], list[str]]:
    """The ids of the authors and of the books, and the tags, that somebody wishes this of."""
    these = [interest for interest in interests if interest.wish == wish]
    authors = [interest.author_id for interest in these if interest.author_id]
    books = [interest.book_id for interest in these if interest.book_id]
    return authors, books, [interest.tag for interest in these if interest.tag]


def visible(to_post: str = "") -> Q:
    """That readers see a post: it is published, and not hidden.

    Args:
        to_post: the way from the rows that are asked for to the post, as in a query: "post__".
    """
    return Q(**{f"{to_post}published_at__isnull": False, f"{to_post}hidden_at__isnull": True})


class PostQuerySet(OutboxQuerySet["Post"]):
    def waiting(self, author_id: int) -> PostQuerySet:
        """An author's that readers do not see yet, the newest first; those of an import are on its own page."""
        return self.filter(author_id=author_id, published_at__isnull=True, imported=False).order_by("-id")

    def late(self, now: datetime) -> PostQuerySet:
        """Those that readers should have by now, the longest waiting first. (When work on one is due says less: the
        sweep moves that with each message that it sends.)"""
        latest = now - timedelta(seconds=settings.ENRICH_DEADLINE) - OVERTIME
        waiting = self.filter(due_at__isnull=False, published_at__isnull=True, imported=False)
        return waiting.filter(submitted_at__lt=latest).order_by("submitted_at")

    def published(self) -> PostQuerySet:
        return self.filter(visible())

    def newest_first(self) -> PostQuerySet:
        return self.order_by("-published_at", "-id")

    def followed(self, interests: Iterable[Interest]) -> PostQuerySet:
        """Those by the authors and about the books that somebody follows."""
        authors, books, _ = _subjects(interests, Interest.Wish.FOLLOW)
        return self.filter(Q(author__in=authors) | Q(book__in=books))

    def without_muted(self, interests: Iterable[Interest]) -> PostQuerySet:
        authors, books, tags = _subjects(interests, Interest.Wish.MUTE)
        posts = self.exclude(author__in=authors) if authors else self
        posts = posts.exclude(book__in=books) if books else posts
        return posts.filter(~Exists(Tagging.objects.filter(post=OuterRef("pk"), tag__in=tags))) if tags else posts

    def lock(self, pk: int) -> Post | None:
        """The post, locked until the transaction ends: who adds something to it and who deletes it take turns.

        1. A deletion collects the post's likes and comments,
        2. a new one is committed,
        3. the post is deleted from under it.
        """
        return self.select_for_update().filter(pk=pk).first()

    def delete(self) -> tuple[int, dict[str, int]]:
        with transaction.atomic():
            list(self.select_for_update().values_list("pk"))
            return super().delete()

    # As Django marks its own: a template cannot call it, and a manager, which is all posts, does not have it.
    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def recount(self, pk: int, *, talk: bool) -> None:
        """Count a post's likes and comments anew, in the transaction that has just added one or taken one away.

        Args:
            talk: whether it was about a comment.

        The first statement locks the row, the second counts what is committed when the lock is held. In one:

        1. two people like a post at the same time, and neither transaction sees the other's like;
        2. the second waits for the first one's lock, with its count of one already taken, and writes that.
        """
        with transaction.atomic():
            self.filter(pk=pk).update(count_number=F("count_number") + 1, talk_number=F("talk_number") + int(talk))
            self.filter(pk=pk).update(
                like_count=Like.objects.filter(post_id=pk).count(),
                comment_count=Comment.objects.filter(post_id=pk).count(),
            )


class Post(Outbox):
    """What an author wrote, what the pipeline made of it, and (in Outbox) what is still to be done."""

    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="posts",
        db_index=False,
        verbose_name=_("author"),
    )
    # From the form: the same author and key are the same submit, however often it arrives.
    key = models.CharField(max_length=64, null=True, editable=False)
    created_at = models.DateTimeField(_("written at"), default=timezone.now, editable=False)
    edited_at = models.DateTimeField(_("edited at"), null=True, editable=False)
    # One of a batch, and as it came: it waits behind what people write, and is no news to anybody's open page.
    imported = models.BooleanField(default=False, db_default=False, editable=False)

    # The author's.
    title = models.CharField(_("title"), max_length=TITLE_LENGTH)
    body = models.TextField(_("text"), max_length=BODY_LENGTH)
    book_title = models.CharField(_("title of the book"), max_length=200, blank=True)
    book_author = models.CharField(_("author of the book"), max_length=200, blank=True)
    isbn = models.CharField("ISBN", max_length=13, blank=True)
    # Its text gives away what happens in the book.
    spoiler = models.BooleanField(_("spoiler"), default=False, db_default=False)
    tags = models.CharField(_("tags"), max_length=300, blank=True, db_default="")  # with a space between each two
    # The very book that is meant, where its author has picked one; else it is found by what was typed.
    picked = models.ForeignKey(
        Book, null=True, on_delete=models.SET_NULL, blank=True, related_name="+", verbose_name=_("picked book")
    )
    WRITTEN_COLUMNS = ("title", "body", "book_title", "book_author", "isbn", "spoiler", "tags", "picked")

    # The pipeline's: what readers see, which stays as it is while an edit is on its way.
    step = models.CharField(_("step"), max_length=10, choices=Step, default=Step.SAVED, editable=False)
    book = models.ForeignKey(
        Book, null=True, on_delete=models.PROTECT, related_name="posts", editable=False, verbose_name=_("book")
    )
    shown_title = models.CharField(max_length=TITLE_LENGTH, blank=True, editable=False)
    shown_book_title = models.CharField(max_length=300, blank=True, editable=False)
    shown_book_author = models.CharField(max_length=300, blank=True, editable=False)
    slug = models.SlugField(max_length=80, db_index=False, blank=True, editable=False)
    html = models.TextField(blank=True, editable=False)
    excerpt = models.CharField(max_length=400, blank=True, editable=False)  # none of a spoiler
    shown_spoiler = models.BooleanField(default=False, db_default=False, editable=False)
    shown_tags = models.CharField(max_length=300, blank=True, db_default="", editable=False)
    minutes = models.PositiveSmallIntegerField(default=1, editable=False)
    shown_edited_at = models.DateTimeField(null=True, editable=False)
    published_at = models.DateTimeField(_("published at"), null=True, editable=False)
    hidden_at = models.DateTimeField(null=True, editable=False)  # by a moderator, until one restores it
    # That its words in the index are none yet, or older than what readers see.
    index_due = models.BooleanField(default=True, db_default=True, editable=False)

    # Kept true by recount(); of two readings of the counts the one with the higher number is the later.
    like_count = models.PositiveIntegerField(default=0, editable=False)
    comment_count = models.PositiveIntegerField(default=0, editable=False)
    count_number = models.PositiveBigIntegerField(default=0, editable=False)
    talk_number = models.PositiveBigIntegerField(default=0, editable=False)  # another one where a comment changed

    progress: Progress  # given by add_progress()

    objects = PostQuerySet.as_manager()

    class Meta(Outbox.Meta):
        verbose_name = _("post")
        verbose_name_plural = _("posts")
        constraints = [models.UniqueConstraint(fields=["author", "key"], name="post_once_per_key")]
        indexes = [
            *Outbox.Meta.indexes,
            models.Index(
                fields=["-published_at", "-id"], name="post_newest_first", condition=Q(published_at__isnull=False)
            ),
            models.Index(
                fields=["book", "-published_at", "-id"], name="post_of_book", condition=Q(published_at__isnull=False)
            ),
            models.Index(
                fields=["author", "-published_at", "-id"],
                name="post_of_author",
                condition=Q(published_at__isnull=False),
            ),
            models.Index(fields=["author", "-id"], name="post_of_author_all"),
            models.Index(fields=["-id"], name="post_hidden", condition=Q(hidden_at__isnull=False)),
            models.Index(fields=["-id"], name="post_failed", condition=Q(state=State.FAILED)),
            models.Index(fields=["id"], name="post_index_due", condition=Q(index_due=True, published_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_edited(self) -> bool:
        """Whether what readers see is not what it was at first."""
        return self.shown_edited_at is not None

    def get_absolute_url(self) -> str:
        if self.published_at is None:
            return reverse("posts:detail", args=[self.pk])
        return reverse("posts:detail", args=[self.pk, self.slug])

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        with transaction.atomic():
            Post.objects.lock(self.pk)
            return super().delete(*args, **kwargs)

    delete.alters_data = True  # type: ignore[attr-defined]

    def submit(self, *columns: str) -> None:
        self.step = Step.SAVED
        super().submit(*columns, "step")

    def edit(self) -> None:
        """Hand the changed text to the pipeline; readers go on seeing the old one until it is ready."""
        self.edited_at = timezone.now()
        self.imported = False
        self.submit(*self.WRITTEN_COLUMNS, "edited_at", "imported")

    @property
    def is_being_worked_on(self) -> bool:
        """Whether its author waits for something. For a cover that comes late nobody waits."""
        return self.state in (State.PENDING, State.PROCESSING) and self.step != Step.PUBLISHED

    @property
    def on_page(self) -> tuple[object, ...]:
        """All that its own page shows to everybody, to be compared; a number stands for what is said to it."""
        of_book = self.shown_book_title, self.shown_book_author, self.book_id, self.book and self.book.on_page
        of_author = self.author_id, self.author.get_username()
        counts = self.like_count, self.comment_count, self.talk_number
        times = self.published_at, self.shown_edited_at, self.minutes
        text = self.shown_title, self.html, self.excerpt, self.shown_spoiler, self.shown_tags
        return self.pk, text, of_author, of_book, times, counts

    @property
    def tag_names(self) -> list[str]:
        """The tags that readers see."""
        return self.shown_tags.split()

    @property
    def cover_title(self) -> str:
        return self.shown_book_title or self.shown_title

    @property
    def cover_tone(self) -> int:
        return tone_of(self.cover_title)


class Lookup(models.Model):
    """What the catalogues have for what somebody types about a book; kept for a day for all who type the same."""

    key = models.CharField(max_length=80, unique=True)  # as a book's
    isbn = models.CharField(max_length=13, blank=True)
    title = models.CharField(max_length=200, blank=True)
    author = models.CharField(max_length=200, blank=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    answered_at = models.DateTimeField(null=True)
    hits = models.JSONField(default=list)  # columns of books as catalogues gave them, and of each the "edition"

    class Meta:
        indexes = [
            models.Index(fields=["person", "asked_at"], name="lookup_of_person"),
            models.Index(fields=["asked_at"], name="lookup_oldest_first"),
        ]


class Draft(models.Model):
    """What somebody has begun to write: the fields of the form as they were typed, whatever is wrong with them. The
    pipeline and readers know nothing of it."""

    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="drafts", db_index=False
    )
    name = models.CharField(max_length=40)  # given by the page
    fields = models.JSONField()
    modified_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["author", "name"], name="draft_once")]
        indexes = [models.Index(fields=["author", "-modified_at"], name="draft_newest_first")]

    def __str__(self) -> str:
        return str(self.fields.get("title") or self.fields.get("body", "")[:TITLE_LENGTH] or _("Untitled"))

    def get_absolute_url(self) -> str:
        return f"{reverse('posts:add')}?draft={self.name}"


class Tagging(models.Model):
    """That a published post has a tag, for the tag's own list; what the post's card shows stands in its row."""

    # No constraint in the database: code of before tags can still delete a post, and what is left behind nobody sees.
    post = models.ForeignKey(
        Post, on_delete=models.CASCADE, related_name="taggings", db_constraint=False, db_index=False
    )
    tag = models.CharField(max_length=TAG_LENGTH)
    published_at = models.DateTimeField()  # the post's

    class Meta:
        constraints = [models.UniqueConstraint(fields=["post", "tag"], name="tagged_once")]
        indexes = [models.Index(fields=["tag", "-published_at", "-post"], name="tagging_newest_first")]


class PostWords(models.Model):
    """The words by which a search finds a published post; the index itself is the database's (posts/index.py)."""

    # No constraint in the database, as above.
    post = models.OneToOneField(Post, on_delete=models.CASCADE, primary_key=True, related_name="+", db_constraint=False)
    words = models.TextField()


class Interest(models.Model):
    """What a person wants of an author or of a book: to follow what is posted, or to be shown nothing of it. Of a tag
    they may want to be shown nothing, and of a post to hear no more of what is said to it."""

    class Wish(models.TextChoices):
        FOLLOW = "follow"
        MUTE = "mute"

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="interests", db_index=False
    )
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    book = models.ForeignKey(Book, null=True, on_delete=models.CASCADE, related_name="+")
    post = models.ForeignKey(Post, null=True, on_delete=models.CASCADE, related_name="+")
    tag = models.CharField(max_length=TAG_LENGTH, null=True)
    wish = models.CharField(max_length=6, choices=Wish)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "author"], name="one_interest_in_an_author"),
            models.UniqueConstraint(fields=["person", "book"], name="one_interest_in_a_book"),
            models.UniqueConstraint(fields=["person", "post"], name="one_interest_in_a_post"),
            models.UniqueConstraint(fields=["person", "tag"], name="one_interest_in_a_tag"),
            models.CheckConstraint(
                condition=Q(author__isnull=False, book__isnull=True, post__isnull=True, tag__isnull=True)
                | Q(author__isnull=True, book__isnull=False, post__isnull=True, tag__isnull=True)
                | Q(author__isnull=True, book__isnull=True, post__isnull=False, tag__isnull=True, wish="mute")
                | Q(author__isnull=True, book__isnull=True, post__isnull=True, tag__isnull=False, wish="mute"),
                name="interest_in_one_thing",
            ),
            models.CheckConstraint(condition=~Q(author=F("person")), name="no_interest_in_oneself"),
        ]

    def __str__(self) -> str:
        return f"{self.wish} {self.stream}"

    @property
    def stream(self) -> str:
        """What it is about, as pages name their streams."""
        if self.author_id:
            return f"author:{self.author_id}"
        if self.book_id:
            return f"book:{self.book_id}"
        return f"post:{self.post_id}" if self.post_id else f"tag:{self.tag}"


class Like(models.Model):
    """One person likes one post, once."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="likes", db_index=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="likes")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["post", "person"], name="like_once")]


class Comment(models.Model):
    """What somebody says to a post, in Markdown, rendered when it is saved."""

    post = models.ForeignKey(
        Post, on_delete=models.CASCADE, related_name="comments", db_index=False, verbose_name=_("post")
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="comments", verbose_name=_("author")
    )
    # From the form: the same author and key are the same submit, however often it arrives.
    key = models.CharField(max_length=64, null=True, editable=False)
    body = models.TextField(_("text"), max_length=COMMENT_LENGTH)
    html = models.TextField(editable=False)
    created_at = models.DateTimeField(_("written at"), default=timezone.now, editable=False)
    edited_at = models.DateTimeField(_("edited at"), null=True, editable=False)
    hidden_at = models.DateTimeField(null=True, editable=False)  # by a moderator, until one restores it

    class Meta:
        verbose_name = _("comment")
        verbose_name_plural = _("comments")
        constraints = [models.UniqueConstraint(fields=["author", "key"], name="comment_once_per_key")]
        indexes = [
            models.Index(fields=["post", "-id"], name="comment_newest_first"),
            models.Index(fields=["-id"], name="comment_hidden", condition=Q(hidden_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.author} on {self.post}"

    def get_absolute_url(self) -> str:
        return f"{self.post.get_absolute_url()}#comment-{self.pk}"


class NotificationQuerySet(models.QuerySet["Notification"]):
    def to_be_seen(self) -> NotificationQuerySet:
        """Those that are shown, and counted: none of what that person mutes, what is hidden, or of an account that is
        shut."""
        muted = Interest.objects.filter(person=OuterRef("person"), wish=Interest.Wish.MUTE).filter(
            Q(author=OuterRef("actor"))
            | Q(book=OuterRef("post__book"))
            | Q(post=OuterRef("post"))
            | Q(tag__in=Tagging.objects.filter(post=OuterRef(OuterRef("post"))).values("tag"))
        )
        is_there = visible("post__") & Q(comment__hidden_at__isnull=True, actor__is_active=True)
        return self.filter(~Exists(muted), is_there)

    def unread(self) -> NotificationQuerySet:
        return self.to_be_seen().filter(read_at__isnull=True)


class Notification(models.Model):
    """Something that happened and that one person is to hear of: once, however often it is done again."""

    class Kind(models.TextChoices):
        COMMENT = "comment", _("commented on your post")
        REPLY = "reply", _("also commented on")
        MENTION = "mention", _("mentioned you in")
        POST = "post", _("posted")

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications", db_index=False
    )
    kind = models.CharField(max_length=8, choices=Kind)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="+")
    comment = models.ForeignKey(Comment, null=True, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "comment"], name="one_notification_of_a_comment"),
            models.UniqueConstraint(
                fields=["person", "post"], name="one_notification_of_a_post", condition=Q(comment__isnull=True)
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-id"], name="notification_newest_first"),
            models.Index(fields=["person"], name="notification_unread", condition=Q(read_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.get_kind_display()} {self.post}"

    def get_absolute_url(self) -> str:
        """Where that is which it is about."""
        address = self.post.get_absolute_url()
        return f"{address}#comment-{self.comment_id}" if self.comment_id else address


class RowState(models.TextChoices):
    """What has come of a row: there already, or else made into a post, which then has to get through."""

    WAITING = "waiting"
    MADE = "made"
    DONE = "done"
    DUPLICATE = "duplicate"
    FAILED = "failed"


class Import(Outbox):
    """A file that becomes posts, row by row, and (in Outbox) when to go on with it."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="imports")
    file_name = models.CharField(max_length=100)
    created_at = models.DateTimeField(default=timezone.now)

    objects = OutboxQuerySet.as_manager()

    def get_absolute_url(self) -> str:
        return reverse("posts:import", args=[self.pk])

    @property
    def is_going_on(self) -> bool:
        return self.state in (State.PENDING, State.PROCESSING)

    def counts(self) -> dict[str, int]:
        """How many rows there are of each state."""
        found = self.rows.order_by().values_list("state").annotate(rows=models.Count("pk"))
        return {state.value: 0 for state in RowState} | dict(found)


class ImportRow(models.Model):
    """One row of the file: what it says, as long as it is needed, and what has come of it."""

    import_of = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="rows", db_index=False)
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=TITLE_LENGTH)
    fields = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=RowState, default=RowState.WAITING)
    reason = models.CharField(max_length=200, blank=True)
    post = models.ForeignKey(Post, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["import_of", "number"], name="import_row_once")]
        indexes = [models.Index(fields=["import_of", "state", "number"], name="import_row_by_state")]


class Report(models.Model):
    """What somebody says is wrong with a post, or else with a comment; open until a moderator has decided."""

    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reports", db_index=False
    )
    post = models.ForeignKey(Post, null=True, on_delete=models.CASCADE, related_name="reports")
    comment = models.ForeignKey(Comment, null=True, on_delete=models.CASCADE, related_name="reports")
    reason = models.CharField(max_length=REASON_LENGTH)
    created_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(post__isnull=False, comment__isnull=True) | Q(post__isnull=True, comment__isnull=False),
                name="report_of_one_thing",
            ),
            models.UniqueConstraint(
                fields=["reporter", "post"], name="one_open_report_of_a_post", condition=Q(closed_at__isnull=True)
            ),
            models.UniqueConstraint(
                fields=["reporter", "comment"], name="one_open_report_of_a_comment", condition=Q(closed_at__isnull=True)
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="report_open", condition=Q(closed_at__isnull=True)),
            models.Index(fields=["reporter", "created_at"], name="report_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.reporter}: {self.reason}"


def _reworded(text: str, beginnings: Iterable[str]) -> str:
    """A text that was written down in English, with its first words in the reader's language."""
    for words in beginnings:
        if text.startswith(words):
            return gettext(words) + text.removeprefix(words)
    return text


class Act(models.Model):
    """What a moderator has done, to whom and why. Written once; whoever and whatever is deleted later stays named."""

    class Deed(models.TextChoices):
        HIDE = "hide", _("hid")
        RESTORE = "restore", _("restored")
        DISMISS = "dismiss", _("dismissed what was reported of")
        SUSPEND = "suspend", _("suspended")
        REINSTATE = "reinstate", _("reinstated")
        SHUT = "shut", _("shut the account of")  # an operator's, which no moderator takes back
        CORRECT = "correct", _("corrected")

    deed = models.CharField(_("deed"), max_length=9, choices=Deed)
    moderator = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("moderator")
    )
    moderator_name = models.CharField(_("name of the moderator"), max_length=150)
    # Whose account, post or comment it is about.
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="acts", verbose_name=_("person")
    )
    person_name = models.CharField(_("name of the person"), max_length=150)
    post = models.ForeignKey(Post, null=True, on_delete=models.SET_NULL, related_name="acts", verbose_name=_("post"))
    comment = models.ForeignKey(
        Comment, null=True, on_delete=models.SET_NULL, related_name="acts", verbose_name=_("comment")
    )
    thing = models.CharField(_("about what"), max_length=300, blank=True)  # in words; empty where it is the account
    reason = models.CharField(_("reason"), max_length=REASON_LENGTH, blank=True)
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("act of a moderator")
        verbose_name_plural = _("acts of moderators")
        permissions = [("keep_order", "Can keep order: hide, restore, suspend")]

    def __str__(self) -> str:
        return f"{self.moderator_name} {self.get_deed_display()} {self.thing or self.person_name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Raises IntegrityError where it is there already: what was done is not rewritten."""
        super().save(*args, **{**kwargs, "force_insert": True})

    @property
    def about(self) -> str:
        """The thing, in the reader's language."""
        kinds = (gettext_noop("the post"), gettext_noop("a comment on"), gettext_noop("the book"))
        return _reworded(self.thing, kinds)

    @property
    def said(self) -> str:
        """The reason; of a correction, what was changed, in the reader's language."""
        if self.deed != self.Deed.CORRECT:
            return self.reason
        kinds = (*Book.FIELDS, gettext_noop("another cover"))
        return "\n".join(_reworded(line, kinds) for line in self.reason.split("\n"))
