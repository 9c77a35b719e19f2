"""Clients that stop reading, beside clients that read.

    slow.py URL SLOW QUICK

URL is ws://HOST:PORT/PATH. SLOW and QUICK are numbers of clients, of six kinds in turn: bare documents, bare patches,
documents and patches of `pushbridge.v1`, documents and patches as server-sent events. When all are connected it says so. Then, for each line on standard input:

- a version: waits until every quick client holds it, and says `reached`;
- `resume`: the slow clients read again;
- `slow` and a version: waits until every slow client holds that one, and says, as JSON, the most messages that one of them
  was sent."""

import asyncio
import json
import socket
import sys
import urllib.parse

from websockets.asyncio.client import connect

from versions import version

KINDS = (
    ("?mode=snapshot", None),
    ("?mode=patch", None),
    ("?mode=snapshot", "pushbridge.v1"),
    ("?mode=patch", "pushbridge.v1"),
    ("?mode=snapshot", "events"),
    ("?mode=patch", "events"),
)


def patched(document, patch):
    """Enough of RFC 6902 for what the test's document needs: jsonpatch would copy all of it each time."""
    for operation in patch:
        assert operation["op"] == "replace", operation
        *way, last = operation["path"].split("/")
        if not way:
            document = operation["value"]
            continue
        place = document
        for step in way[1:]:
            place = place[int(step)] if isinstance(place, list) else place[step]
        if isinstance(place, list):
            last = int(last)
        place[last] = operation["value"]
    return document


class Client:
    def __init__(self, url, kind):
        query, self.subprotocol = KINDS[kind % len(KINDS)]
        self.url = url + query
        self.mode = query.removeprefix("?mode=")
        self.version = self.document = None
        self.messages = 0
        self.reads = asyncio.Event()
        self.reads.set()
        self.changed = asyncio.Condition()

    async def run(self, connected):
        parts = urllib.parse.urlsplit(self.url)
        plain = socket.socket()
        # What the kernel keeps for a client that does not read is bounded, and small.
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        plain.setblocking(False)
        await asyncio.get_running_loop().sock_connect(plain, (parts.hostname, parts.port))
        if self.subprotocol == "events":
            await self.run_events(plain, f"{parts.path}?{parts.query}", connected)
            return
        connection = await connect(
            self.url,
            sock=plain,
            subprotocols=[self.subprotocol] if self.subprotocol else None,
            compression=None,
            proxy=None,
            ping_interval=None,
            max_size=None,
            max_queue=1,
            open_timeout=60,
        )
        await self.take(await connection.recv())
        connected()
        while True:
            await self.reads.wait()
            await self.take(await connection.recv())

    async def run_events(self, plain, path, connected):
        # A whole document is one line. The stream takes up to twice this before it stops reading.
        reader, writer = await asyncio.open_connection(sock=plain, limit=400_000)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n".encode())
        while (await reader.readline()).strip():
            pass
        event = {}
        while True:
            await self.reads.wait()
            line = await reader.readline()
            assert line, "the stream has ended"
            name, _, value = line.decode().removesuffix("\n").partition(": ")
            if name:
                event[name] = value
                continue
            if event.get("event") in (None, "snapshot", "patch") and "data" in event:
                await self.take_event(event)
                connected()
                connected = lambda: None
            event = {}

    async def take_event(self, event):
        self.messages += 1
        content = json.loads(event["data"])
        self.document = patched(self.document, content) if event.get("event") == "patch" else content
        holds = version(json.dumps(self.document, separators=(",", ":"), ensure_ascii=False))
        assert holds == event["id"], "the document is not what its version says"
        await self.hold(holds)

    async def take(self, text):
        self.messages += 1
        message = json.loads(text)
        if not self.subprotocol:
            if self.mode == "snapshot":
                holds = version(text)
            else:
                self.document = patched(self.document, message) if isinstance(message, list) else message
                holds = version(json.dumps(self.document, separators=(",", ":"), ensure_ascii=False))
        elif message["type"] in ("snapshot", "patch"):
            assert message["type"] == "snapshot" or message["from"] == self.version, "a patch from another version"
            if message["type"] == "snapshot":
                self.document = message["data"]
            else:
                self.document = patched(self.document, message["patch"])
            holds = version(json.dumps(self.document, separators=(",", ":"), ensure_ascii=False))
            assert holds == message["id"], "the document is not what its version says"
        else:
            return
        await self.hold(holds)

    async def hold(self, holds):
        async with self.changed:
            self.version = holds
            self.changed.notify_all()

    async def holds(self, wanted):
        async with self.changed:
            await self.changed.wait_for(lambda: self.version == wanted)


async def main():
    url, slow, quick = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    clients = [Client(url, number) for number in range(slow + quick)]
    everybody = asyncio.Event()
    missing = len(clients)

    def connected():
        nonlocal missing
        missing -= 1
        if missing == 0:
            everybody.set()

    tasks = [asyncio.ensure_future(client.run(connected)) for client in clients]

    def failed(task):
        if not task.cancelled() and task.exception():
            print(repr(task.exception()), file=sys.stderr, flush=True)
            sys.exit(1)

    for task in tasks:
        task.add_done_callback(failed)
    await asyncio.wait_for(everybody.wait(), 100)
    for client in clients[:slow]:
        client.reads.clear()
    print("connected", flush=True)

    async def all_hold(some, wanted):
        await asyncio.wait_for(asyncio.gather(*(client.holds(wanted) for client in some)), 60)

    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        words = line.decode().split()
        if words[0] == "resume":
            for client in clients[:slow]:
                client.reads.set()
        elif words[0] == "slow":
            await all_hold(clients[:slow], words[1])
            print(json.dumps(max(client.messages for client in clients[:slow])), flush=True)
        else:
            await all_hold(clients[slow:], words[0])
            print("reached", flush=True)
    for task in tasks:
        task.cancel()


asyncio.run(main())
