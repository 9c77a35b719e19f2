"""Sends messages of many lengths to an echo over wss: secure_echo.py URL CA-FILE"""

import asyncio
import os
import ssl
import sys

from websockets.asyncio.client import connect


async def main(url, authorities):
    context = ssl.create_default_context(cafile=authorities)
    async with connect(url, ssl=context, max_size=None) as socket:
        for length in (0, 1, 125, 126, 65535, 65536, 900_000):
            message = os.urandom(length)
            await socket.send(message)
            assert await asyncio.wait_for(socket.recv(), 60) == message, length
    print("all came back")


asyncio.run(main(*sys.argv[1:]))
