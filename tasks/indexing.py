"""The index of the search, brought up to date: after an upgrade, and where a book or a name became another one."""

import logging

from celery import shared_task

from posts.index import catch_up

logger = logging.getLogger(__name__)


@shared_task(name="tasks.indexing.index_due", ignore_result=True)
def index_due() -> None:
    """Write the words of some posts that are due; the next run, seconds later, goes on."""
    done = catch_up()
    if done:
        logger.info("The words of %s posts were written anew.", done)
