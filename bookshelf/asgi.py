"""The ASGI application; `daphne bookshelf.asgi:application` serves it.

Importing it makes a web process of this one: its connections are pooled, and its garbage collector is calm.
"""

import gc
import os

import django
from django.conf import settings

from bookshelf import environment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bookshelf.settings")
environment.pool(settings.DATABASES["default"])
# Django first: what is imported below reads its settings and models.
django.setup(set_prefix=False)

from channels.routing import ProtocolTypeRouter  # noqa: E402

from bookshelf.handler import Http  # noqa: E402
from updater.drain import Drain  # noqa: E402
from updater.routing import sockets  # noqa: E402

application = Drain(ProtocolTypeRouter({"http": Http(), "websocket": sockets}))

# What is here by now stays, and what comes is kept for long: a socket is some hundred objects, and looking through
# all of them again and again for garbage would be half of what it costs to open ten thousand.
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 10, 5)
