"""Many clients on one topic: a third bare, a third in patch mode, a third with pushbridge.v1. Each keeps the document
that it holds, with patches applied by `jsonpatch`. Told a version on standard input, it waits until all hold it."""

import asyncio
import json
import sys

import jsonpatch
from websockets.asyncio.client import connect

from versions import version


class Client:
    def __init__(self, url, kind):
        self.url = url + ("?mode=patch" if kind == 1 else "")
        self.kind = kind
        self.version = None
        self.changed = asyncio.Condition()

    async def run(self, gate, connected):
        async with gate:
            socket = await connect(
                self.url,
                subprotocols=["pushbridge.v1"] if self.kind == 2 else None,
                proxy=None,
                ping_interval=None,
                open_timeout=60,
            )
            await self.take(await socket.recv())
        connected()
        async for message in socket:
            await self.take(message)

    async def take(self, message):
        if self.kind == 0:
            holds = version(message)
        elif self.kind == 1:
            if self.version is None:
                self.document = json.loads(message)
            else:
                self.document = jsonpatch.apply_patch(self.document, json.loads(message))
            holds = version(json.dumps(self.document, separators=(",", ":"), ensure_ascii=False))
        else:
            message = json.loads(message)
            if message["type"] == "snapshot":
                self.document = message["data"]
            elif message["type"] == "patch":
                if message["from"] != self.version:
                    sys.exit(f"a patch from {message['from']} for a client at {self.version}")
                self.document = jsonpatch.apply_patch(self.document, message["patch"])
            else:
                return
            holds = version(json.dumps(self.document, separators=(",", ":"), ensure_ascii=False))
            if holds != message["id"]:
                sys.exit(f"the document after {message['type']} is {holds}, not {message['id']}")
        async with self.changed:
            self.version = holds
            self.changed.notify_all()

    async def holds(self, wanted):
        async with self.changed:
            await self.changed.wait_for(lambda: self.version == wanted)


async def main():
    url, count = sys.argv[1], int(sys.argv[2])
    clients = [Client(url, number % 3) for number in range(count)]
    gate = asyncio.Semaphore(50)
    everybody = asyncio.Event()
    missing = count

    def connected():
        nonlocal missing
        missing -= 1
        if missing == 0:
            everybody.set()

    tasks = [asyncio.ensure_future(client.run(gate, connected)) for client in clients]

    def failed(task):
        if not task.cancelled() and task.exception():
            print(repr(task.exception()), file=sys.stderr, flush=True)

    for task in tasks:
        task.add_done_callback(failed)
    await asyncio.wait_for(everybody.wait(), 100)
    print(f"{count} connected", flush=True)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        wanted = line.decode().strip()
        await asyncio.wait_for(asyncio.gather(*(client.holds(wanted) for client in clients)), 50)
        print(f"{count} changed", flush=True)
        if count < 1000:
            break
    for task in tasks:
        task.cancel()


asyncio.run(main())
