"""Many tunnels to an echo at once, each with random bytes of its own."""

import asyncio
import os
import sys

from websockets.asyncio.client import connect


async def one(url, size):
    data = os.urandom(size)
    async with connect(url, compression=None, proxy=None, max_size=None, ping_interval=None, open_timeout=30) as socket:

        async def send():
            for start in range(0, size, 16384):
                await socket.send(data[start : start + 16384])

        sending = asyncio.ensure_future(send())
        received = b""
        while len(received) < size:
            received += await asyncio.wait_for(socket.recv(), 60)
        await sending
        return received == data


async def main():
    url, count, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    results = await asyncio.gather(*(one(url, size) for _ in range(count)))
    if not all(results):
        sys.exit(f"{results.count(False)} of {count} tunnels gave other bytes back")
    print(f"{count} tunnels of {size} bytes")


asyncio.run(main())
