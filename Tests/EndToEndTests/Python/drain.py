"""Reads from a tunnel what the backend streams: a known pattern of a known length, then the close with 1000. With
--wait it first reads nothing for a time, and with --pauses again and again. With --stop it reads nothing for some seconds
once so many bytes are left, and --receive-buffer leaves it to others to hold them."""

import argparse
import asyncio
import socket as sockets
import sys

from urllib.parse import urlsplit

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

PATTERN = bytes((n * 31 + (n >> 8)) & 0xFF for n in range(65536))


async def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("url")
    arguments.add_argument("size", type=int)
    arguments.add_argument("--wait", type=float, default=0)
    arguments.add_argument("--pauses", type=int, default=1)
    arguments.add_argument("--stop", type=int, nargs=2, metavar=("LEFT", "SECONDS"))
    arguments.add_argument("--receive-buffer", type=int)
    options = arguments.parse_args()
    way = None
    if options.receive_buffer:
        url = urlsplit(options.url)
        way = sockets.socket()
        way.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, options.receive_buffer)
        way.connect((url.hostname, url.port))
        way.setblocking(False)
    socket = await connect(
        options.url, compression=None, proxy=None, max_size=None, max_queue=2, ping_interval=None, sock=way
    )
    received, pauses = 0, 0
    twice = PATTERN + PATTERN
    try:
        while True:
            if options.wait and pauses < options.pauses and received >= pauses * options.size // options.pauses:
                pauses += 1
                await asyncio.sleep(options.wait if pauses == 1 else 0.2)
            if options.stop and options.size - received <= options.stop[0]:
                await asyncio.sleep(options.stop[1])
                options.stop = None
            message = await asyncio.wait_for(socket.recv(), 60)
            position = 0
            while position < len(message):
                offset = (received + position) % len(PATTERN)
                part = message[position : position + len(PATTERN)]
                if part != twice[offset : offset + len(part)]:
                    sys.exit(f"wrong bytes behind {received + position}")
                position += len(part)
            received += len(message)
    except ConnectionClosed:
        pass
    if received != options.size:
        sys.exit(f"{received} bytes came, not {options.size}; closed with {socket.close_code} {socket.close_reason}")
    if socket.close_code != 1000:
        sys.exit(f"closed with {socket.close_code} {socket.close_reason}")
    print(f"{received} bytes, then 1000")


asyncio.run(main())
