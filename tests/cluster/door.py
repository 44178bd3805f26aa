"""The door: accepts on a socket of the host's loopback, connects to the API server inside.

Run as `python3 -m tests.cluster.door FD PORT`; FD was opened outside, before the namespaces.
"""

import asyncio
import contextlib
import socket
import sys


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        # Half closed only: the other direction may still have something to say.
        if writer.can_write_eof():
            writer.write_eof()


async def serve(listening: socket.socket, port: int) -> None:
    """Forward every connection on `listening` to the loopback port inside."""

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.close()  # as when nothing listens: the API server is down
            return
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        for one in (writer, far_writer):
            one.close()

    server = await asyncio.start_server(forward, sock=listening)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])))
