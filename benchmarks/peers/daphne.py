"""Daphne with next to nothing on it: accepts, greets, and sends each line that is written to the Unix socket to all.

    daphne benchmarks.peers.daphne:application      with CONTROL

What a handshake costs here the site cannot go below, as long as it is daphne that takes it in.
"""

import asyncio
import os
from typing import Any

GREETING = '{"type": "hello", "cursor": "0123456789abcdef.1"}'

sockets: set[Any] = set()
control: list[asyncio.Task[None]] = []


async def listen() -> None:
    async def tell(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for line in reader:
            for send in list(sockets):
                await send({"type": "websocket.send", "text": line.decode().removesuffix("\n")})

    async with await asyncio.start_unix_server(tell, os.environ["CONTROL"]) as lines:
        await lines.serve_forever()


async def application(scope: Any, receive: Any, send: Any) -> None:
    if not control:
        control.append(asyncio.create_task(listen()))
    if scope["type"] == "http":  # asked once, for an ASGI application has no other moment to begin
        await send({"type": "http.response.start", "status": 204})
        await send({"type": "http.response.body"})
        return
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": GREETING})
    sockets.add(send)
    while (await receive())["type"] != "websocket.disconnect":
        pass
    sockets.discard(send)
