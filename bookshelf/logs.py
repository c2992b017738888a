"""How the site's processes speak: lines for a person, or JSON for a machine, each with the request that it is about.

A request's id goes along with what it causes: into the task (django-structlog puts it among the message's headers),
from there with the doorbell to every hub. No line has a body, a cookie, or the key in a link that was mailed.
"""

import re
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from bookshelf.environment import Unusable

# Whoever has it sets another password, or confirms an address.
KEY = re.compile(r"(/accounts/(?:password/reset/key|confirm-email)/)[^/]+")

ALWAYS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configuration(*, as_json: bool) -> dict[str, Any]:
    """Django's LOGGING."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *ALWAYS,
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    written: Any = structlog.processors.JSONRenderer(ensure_ascii=False) if as_json else line
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": [*ALWAYS, structlog.stdlib.ExtraAdder(["request_id"])],
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            written,
        ],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"written": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "written"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {
            # Each request is told of on its own; Django's copy of the 4xx ones adds nothing.
            "django.request": {"level": "ERROR"},
            # Anybody may name any host, and is told that it is none of ours; that is worth no traceback each time.
            "django.security.DisallowedHost": {"level": "CRITICAL"},
            # What came of a task is said when it is done.
            "celery.worker.strategy": {"level": "WARNING"},
            # What it says when it is debugged has headers in it, and those may repeat a query with its key.
            "httpcore": {"level": "WARNING"},
            # Celery sets the root to the level of its command; our own words are worth hearing all the same.
            **{name: {"level": "INFO"} for name in ("bookshelf", "posts", "tasks", "updater")},
        },
    }


def line(logger: WrappedLogger, method: str, event: EventDict) -> str:
    """For a person: when, how grave, who and what, then what else is known of it."""
    head = f"{event.pop('timestamp')} {event.pop('level').upper()} {event.pop('logger')}: {event.pop('event')}"
    trouble = event.pop("exception", None)
    told = "".join(f" {name}={value}" for name, value in event.items() if name not in ("exc_info", "stack_info"))
    return f"{head}{told}" + (f"\n{trouble}" if trouble else "")


def without_key(address: str) -> str:
    return KEY.sub(r"\1…", address)


def report_to(dsn: str) -> None:
    """Have Sentry told of what goes wrong: where and in which line, and nothing that anybody has sent or keeps.

    Raises:
        Unusable: that is no address of a project there.
    """
    import sentry_sdk  # noqa: PLC0415 — it takes a tenth of a second, and most sites have none
    from sentry_sdk.utils import BadDsn  # noqa: PLC0415

    try:
        sentry_sdk.init(
            dsn,
            send_default_pii=False,
            max_request_body_size="never",
            include_local_variables=False,
            before_send=bare,
        )
    except BadDsn as error:
        raise Unusable("SENTRY_DSN", f"is no address of a project there ({error}).") from None


def bare(event: Any, hint: dict[str, Any]) -> Any:
    """An event without what is in the request but its method and path."""
    if "request" in event:
        request = event["request"]
        event["request"] = {"method": request.get("method"), "url": without_key(request.get("url", ""))}
    return event
