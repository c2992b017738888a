"""The index of the search, brought up to date: after an upgrade, and where a book or a name became another one."""

import logging

from celery import shared_task

from posts.index import catch_up

MOST_TURNS = 5  # of a run; the next one is seconds away

logger = logging.getLogger(__name__)


@shared_task(name="tasks.indexing.index_due", ignore_result=True)
def index_due() -> None:
    """Write the words of posts that are due, some at a time, so that nobody waits for their rows."""
    done = 0
    for _ in range(MOST_TURNS):
        turn = catch_up()
        done += turn
        if not turn:
            break
    if done:
        logger.info("The words of %s posts were written anew.", done)
