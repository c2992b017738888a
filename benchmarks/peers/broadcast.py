"""Python's `websockets`: each line that is written to the Unix socket goes to all WebSockets.

python -m benchmarks.peers.broadcast PORT CONTROL
"""

import asyncio
import sys

from websockets.asyncio.server import broadcast, serve


async def main(port: int, control: str) -> None:
    # A storm may queue for longer than the ten seconds that a handshake has by default.
    server = await serve(lambda connection: connection.wait_closed(), "127.0.0.1", port, backlog=4096, open_timeout=60)

    async def tell(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for line in reader:
            broadcast(server.connections, line.decode().removesuffix("\n"))

    async with await asyncio.start_unix_server(tell, control) as lines:
        await lines.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
