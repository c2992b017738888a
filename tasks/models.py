"""What the pipeline notes of itself, for operators: nothing of it decides anything, and it is kept for two days."""

from django.db import models
from django.utils import timezone


class Reading(models.Model):
    """How much waited at one moment: in the broker, and in the posts' own rows."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    queued = models.PositiveIntegerField(null=True)  # messages; null where the broker did not say
    overdue = models.PositiveIntegerField()  # posts


class Song(models.Model):
    """One run of the canary: how long a save took to reach a socket, or what was in the way."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    milliseconds = models.PositiveIntegerField(null=True)
    trouble = models.CharField(max_length=200, blank=True)
