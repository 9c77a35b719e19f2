"""Sends random bytes through a tunnel to an echo and compares what comes back. With --slow the reading pauses again
and again, and goes on only when nothing more can be sent."""

import argparse
import asyncio
import hashlib
import os
import sys

from websockets.asyncio.client import connect


async def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("url")
    arguments.add_argument("size", type=int)
    arguments.add_argument("--slow", action="store_true")
    options = arguments.parse_args()
    size = options.size
    # The memory of the client is no matter: one block of random bytes, and its parts in the order of a random walk.
    data = os.urandom(size)
    socket = await connect(
        options.url,
        subprotocols=["binary"],
        compression=None,
        proxy=None,
        max_size=None,
        max_queue=4,
        ping_interval=None,
    )

    async def send():
        step = 256 * 1024
        if size == 0:
            await socket.send(b"")
        for start in range(0, size, step):
            await socket.send(data[start : start + step])

    sending = asyncio.ensure_future(send())
    digest, received, pauses = hashlib.sha256(), 0, 0
    next_pause = 0
    while received < size:
        if options.slow and received >= next_pause:
            # Until the sender cannot go on: everything between here and the echo is full.
            await asyncio.wait([sending], timeout=0.3)
            pauses += 1
            next_pause += 8 * 1024 * 1024
        message = await asyncio.wait_for(socket.recv(), 60)
        if not isinstance(message, bytes):
            sys.exit("a text frame came from the echo")
        digest.update(message)
        received += len(message)
    await sending
    if received != size or digest.digest() != hashlib.sha256(data).digest():
        sys.exit(f"{received} bytes came back, not the {size} that were sent")
    if size == 0:
        # An empty message is no byte: the next one comes back alone.
        await socket.send(b"x")
        if await asyncio.wait_for(socket.recv(), 30) != b"x":
            sys.exit("the empty message has left a trace")
    await socket.close()
    if socket.close_code != 1000:
        sys.exit(f"closed with {socket.close_code}")
    print(f"{size} bytes came back unchanged" + (f", with {pauses} pauses" if pauses else ""))


asyncio.run(main())
