"""Holds a wss connection while the bridge's certificate is replaced: usage: URL PROCESS CERTIFICATE KEY NEW-CERTIFICATE
NEW-KEY. Newcomers must get the new one soon after SIGHUP, and the connection must live on."""

import asyncio
import os
import shutil
import signal
import ssl
import sys
from urllib.parse import urlsplit

from websockets.asyncio.client import connect

url, process, certificate, key, new_certificate, new_key = sys.argv[1:]


def shown():
    place = urlsplit(url)
    return ssl.get_server_certificate((place.hostname, place.port), timeout=30).strip()


async def echo(socket, text):
    await socket.send(text)
    assert await asyncio.wait_for(socket.recv(), 60) == text


async def main():
    old, new = (open(name, encoding="ascii").read().strip() for name in (certificate, new_certificate))
    context = ssl.create_default_context(cafile=certificate)
    async with connect(url, ssl=context, proxy=None) as socket:
        await echo(socket, "before")
        assert shown() == old
        shutil.copy(new_certificate, certificate)
        shutil.copy(new_key, key)
        os.kill(int(process), signal.SIGHUP)
        for _ in range(600):
            if await asyncio.to_thread(shown) == new:
                break
            await asyncio.sleep(0.1)
        else:
            sys.exit("newcomers still get the old certificate")
        await echo(socket, "after")
    assert socket.close_code == 1000
    print("renewed")


asyncio.run(main())
