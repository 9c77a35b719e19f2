"""Sends through a tunnel. With --until-stuck it must come to a standstill before everything is sent; otherwise it
closes behind the last byte and must be answered with 1000."""

import argparse
import asyncio
import sys

from websockets.asyncio.client import connect


async def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("url")
    arguments.add_argument("size", type=int)
    arguments.add_argument("--until-stuck", action="store_true")
    options = arguments.parse_args()
    socket = await connect(
        options.url, compression=None, proxy=None, max_queue=2, ping_interval=None, close_timeout=60
    )
    block = bytes(range(256)) * 1024
    sent = 0

    while sent < options.size:
        part = block[: options.size - sent]
        sending = asyncio.ensure_future(socket.send(part))
        done, _ = await asyncio.wait([sending], timeout=2 if options.until_stuck else 60)
        if not done:
            if options.until_stuck:
                print(f"stuck after {sent} bytes")
                socket.transport.abort()
                return
            sys.exit(f"stuck after {sent} bytes")
        sending.result()
        sent += len(part)
    if options.until_stuck:
        sys.exit(f"all {sent} bytes were taken, though nobody reads them")
    await socket.close()
    if socket.close_code != 1000:
        sys.exit(f"closed with {socket.close_code}")
    print(f"{sent} bytes, then 1000")


asyncio.run(main())
