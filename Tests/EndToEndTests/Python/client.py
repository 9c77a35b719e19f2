"""A WebSocket client that is told what to do by lines of JSON on standard input, and tells what happens on standard
output. It is the hand of a test; it judges nothing."""

import argparse
import asyncio
import base64
import json
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus


def tell(**event):
    print(json.dumps(event), flush=True)


async def commands():
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 30)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield json.loads(line)


async def obey(socket, reading):
    async for command in commands():
        try:
            if "text" in command:
                await socket.send(command["text"])
            elif "binary" in command:
                await socket.send(base64.b64decode(command["binary"]))
            elif "close" in command:
                # Runs beside the receiving, which goes on until the bridge's close frame has come.
                asyncio.ensure_future(socket.close(int(command["close"])))
            elif "pause" in command:
                reading.clear()
            elif "resume" in command:
                reading.set()
        except ConnectionClosed:
            pass


async def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("url")
    arguments.add_argument("--subprotocol", action="append")
    arguments.add_argument("--header", action="append", default=[])
    arguments.add_argument("--origin")
    arguments.add_argument("--no-compression", action="store_true")
    options = arguments.parse_args()
    try:
        socket = await connect(
            options.url,
            subprotocols=options.subprotocol,
            additional_headers=[tuple(header.split(": ", 1)) for header in options.header],
            origin=options.origin,
            compression=None if options.no_compression else "deflate",
            proxy=None,
            ping_interval=None,
            max_size=None,
            max_queue=1,
            open_timeout=25,
            close_timeout=25,
        )
    except InvalidStatus as error:
        headers = {name.lower(): value for name, value in error.response.headers.raw_items()}
        tell(
            event="refused",
            status=error.response.status_code,
            headers=headers,
            body=(error.response.body or b"").decode(),
        )
        return
    tell(
        event="open",
        subprotocol=socket.subprotocol,
        extensions=socket.response.headers.get("Sec-WebSocket-Extensions"),
    )
    reading = asyncio.Event()
    reading.set()
    obeying = asyncio.ensure_future(obey(socket, reading))
    try:
        while True:
            await reading.wait()
            message = await socket.recv()
            if isinstance(message, str):
                tell(event="text", text=message)
            else:
                tell(event="binary", base64=base64.b64encode(message).decode())
    except ConnectionClosed:
        tell(event="closed", code=socket.close_code, reason=socket.close_reason or "")
    obeying.cancel()


asyncio.run(main())
