"""The processes that make up a site on one machine, and how supervisord is told of them."""

import re
import shlex
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from bookshelf import environment, valkey

# A broker that comes and goes may end Celery's processes: kombu 5.7 fails where it is lost again during a reconnect.
BROKER_FLAPS = 20


class CannotRun(Exception):
    """Says in words what keeps the site from running."""


@dataclass(frozen=True)
class Program:
    """One process that supervisord keeps. Those of a higher priority start later and stop earlier."""

    name: str
    command: list[str]
    priority: int
    stop_seconds: int
    start_retries: int = 3  # ends within ten seconds of a start, in a row, that are forgiven


def programs() -> list[Program]:
    """All of them, in the order in which they start. Raises CannotRun where there is no Valkey to be had."""
    task_ends_in = settings.CELERY_TASK_TIME_LIMIT + 10
    return [
        *([Program("valkey", embedded_valkey(), 10, 15)] if embedded() else []),
        Program("worker", worker("enrich", "INFO", "--concurrency", "2"), 20, task_ends_in, BROKER_FLAPS),
        Program("imports", worker("imports,lookups", "INFO", "--concurrency", "1"), 20, task_ends_in, BROKER_FLAPS),
        Program("sweep", worker("sweep", "WARNING", "--pool", "solo"), 20, task_ends_in, BROKER_FLAPS),
        Program("beat", celery("beat", "WARNING"), 30, 10, BROKER_FLAPS),
        Program("web", daphne(), 40, 40),
    ]


def embedded_valkey() -> list[str]:
    server = valkey.find_server()
    if server is None:
        raise CannotRun("there is no valkey-server or redis-server (6.2 or newer) here; install one or set REDIS_URL.")
    return valkey.command(server, sockets() / "valkey.sock", settings.VAR_DIR / "valkey")


def celery(command: str, level: str, *options: str) -> list[str]:
    return [sys.executable, "-m", "celery", "-A", "bookshelf", command, "--loglevel", level, *options]


def worker(queues: str, level: str, *options: str) -> list[str]:
    # What workers tell each other nobody here listens to, and waiting for it makes a start slower.
    alone = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    return celery("worker", level, "--queues", queues, "--hostname", node(queues.partition(",")[0]), *alone, *options)


def daphne() -> list[str]:
    # More readers come back at once when a process restarts than Twisted's own backlog of 50 lets wait, and the last
    # of ten thousand waits longer than daphne's five seconds.
    interface = settings.HOST.replace(":", r"\:")
    endpoint = f"tcp:port={settings.PORT}:interface={interface}:backlog=4096"
    # Requests are told of by bookshelf/requests.py, which knows what belongs together.
    options = ("-v", "0", "-e", endpoint, "--websocket_connect_timeout", "60", "--no-server-name")
    return [sys.executable, "-m", "daphne", *options, "bookshelf.asgi:application"]


def embedded() -> bool:
    return not environment.text("REDIS_URL")


def node(name: str) -> str:
    return f"{name}-{settings.PORT}@{socket.gethostname()}"


def sockets() -> Path:
    return environment.socket_folder(settings.VAR_DIR)


def configuration(all_programs: list[Program]) -> str:
    var = settings.VAR_DIR
    if re.search(r"[%\n]|\s[;#]", f"{var} {settings.BASE_DIR} {sys.executable}"):
        raise CannotRun("supervisord cannot work in a folder with %, ' ;' or ' #' in its name.")
    head = f"""
[supervisord]
nodaemon = true
silent = true
umask = 077
logfile = {var}/log/supervisord.log
pidfile = {var}/supervisord.pid
[unix_http_server]
file = {sockets()}/supervisor.sock
chmod = 0700
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl = unix://{sockets()}/supervisor.sock
"""
    # stopasgroup stays off: a signal to a worker's children would lose the tasks that they run.
    sections = [
        f"""
[program:{program.name}]
command = {shlex.join(program.command)}
directory = {settings.BASE_DIR}
priority = {program.priority}
autostart = false
autorestart = true
startsecs = 10
startretries = {program.start_retries}
stopwaitsecs = {program.stop_seconds}
redirect_stderr = true
stdout_logfile = {var}/log/{program.name}.log
stdout_logfile_maxbytes = 10MB
stdout_logfile_backups = 2
"""
        for program in all_programs
    ]
    return "".join([head, *sections])
