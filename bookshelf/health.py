"""What a load balancer and an operator's probe ask: does the process live, can it serve."""

import asyncio

import redis.exceptions
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.deprecation import MiddlewareMixin
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bookshelf.metrics import everything
from updater.door import closing


class ProbeMiddleware(MiddlewareMixin):
    """Answers the probes before anything else looks at the request: they come with any Host and over http."""

    migrated = False

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        if request.path == "/healthz":
            return JsonResponse({"status": "ok"})
        if request.path == "/readyz":
            return self.readiness()
        if request.path == "/metrics":
            return HttpResponse(generate_latest(everything()), content_type=CONTENT_TYPE_LATEST)
        return None

    def readiness(self) -> JsonResponse:
        """503 while the database cannot be asked or waits for migrations, and once this process is about to go.

        Without Redis the site still serves.
        """
        try:
            database = self.database_state()
        except Error:
            database = "down"
        state: dict[str, str | bool] = {"database": database, "redis": redis_state()}
        if closing.is_set():
            state["draining"] = True
        return JsonResponse(state, status=200 if database == "ok" and "draining" not in state else 503)

    def database_state(self) -> str:
        # Reading every migration takes long; once applied they stay applied while this process lives.
        if self.migrated:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        else:
            executor = MigrationExecutor(connection)
            self.migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        return "ok" if self.migrated else "migrations"


def redis_state() -> str:
    """Asked the way a notice goes: through the channel layer, with its time-outs."""
    try:
        async_to_sync(send_probe)()
    except (redis.exceptions.RedisError, OSError):
        return "down"
    return "ok"


async def send_probe() -> None:
    async with asyncio.timeout(1):
        await get_channel_layer().send("probe", {"type": "probe"})
