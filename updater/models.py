"""The tables of the notice log. What they mean and how they are used stands in `log.py`."""

import secrets

from django.db import models


def new_epoch() -> str:
    return secrets.token_hex(4)


class Head(models.Model):
    """The one row whose number is the last cursor given out."""

    # Another one when the numbers start anew; cursors of the old one are then of no use.
    epoch = models.CharField(max_length=8, default=new_epoch)
    number = models.BigIntegerField(default=0)


class Notice(models.Model):
    """The latest that readers are to know of one subject."""

    subject = models.BigIntegerField(unique=True)
    number = models.BigIntegerField(unique=True)
    # Where the subject was announced first: a reader from before it has never heard of it.
    first_number = models.BigIntegerField()
    # A JSON object, or empty where the subject is removed.
    content = models.TextField()
