"""Many clients that lose their connections at once and come back at once, each with the version that it holds: a third over
`pushbridge.v1` with `since`, a third as server-sent events with `Last-Event-ID`, a third by long poll with `If-None-Match`.

    reconnect.py HOST PORT PATH COUNT

connects, says so, breaks all connections, waits for a line with the version that they shall come to, reconnects all, and
says what each kind was sent, as JSON."""

import asyncio
import base64
import collections
import json
import os
import resource
import sys

from versions import version

KINDS = ("v1", "events", "poll")


class Client:
    def __init__(self, kind, address, path):
        self.kind, self.address, self.path = kind, address, path
        self.held = None
        self.writer = None

    async def ask(self, target, *headers):
        self.reader, self.writer = await asyncio.open_connection(*self.address, limit=1 << 24)
        lines = [f"GET {target} HTTP/1.1", "Host: test", *headers, "", ""]
        self.writer.write("\r\n".join(lines).encode())
        head = await self.reader.readuntil(b"\r\n\r\n")
        return head.decode()

    async def connect(self):
        """What came first: its kind and its body."""
        if self.kind == "v1":
            key = base64.b64encode(os.urandom(16)).decode()
            since = f"?since={self.held}" if self.held else ""
            head = await self.ask(
                self.path + since, "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {key}",
                "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: pushbridge.v1",
            )
            assert head.startswith("HTTP/1.1 101 "), head
            message = json.loads(await self.frame())
            self.held = message["id"]
            return message["type"], json.dumps([message.get("from"), message["id"], message.get("patch")])
        if self.kind == "events":
            resume = [f"Last-Event-ID: {self.held}"] if self.held else []
            head = await self.ask(self.path + "?mode=patch", "Accept: text/event-stream", *resume)
            assert head.startswith("HTTP/1.1 200 "), head
            event = {}
            while "data" not in event:
                for line in (await self.reader.readuntil(b"\n\n")).decode().splitlines():
                    name, _, value = line.partition(": ")
                    event[name] = value
            self.held = event["id"]
            return event["event"], json.dumps([event["id"], event["data"]])
        resume = [f'If-None-Match: "{self.held}"', "Prefer: wait=60"] if self.held else []
        head = await self.ask(self.path, *resume)
        assert head.startswith("HTTP/1.1 200 "), head
        fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        body = await self.reader.readexactly(int(fields["Content-Length"]))
        assert fields["ETag"] == f'"{version(body)}"', head
        self.held = version(body)
        return "document", self.held

    async def frame(self):
        header = await self.reader.readexactly(2)
        length = header[1] & 127
        if length > 125:
            length = int.from_bytes(await self.reader.readexactly(2 if length == 126 else 8), "big")
        return await self.reader.readexactly(length)

    def abort(self):
        self.writer.transport.abort()


async def main():
    host, port, path, count = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    clients = [Client(KINDS[number % 3], (host, port), path) for number in range(count)]
    await asyncio.wait_for(asyncio.gather(*(client.connect() for client in clients)), 100)
    print(f"{count} connected", flush=True)
    for client in clients:
        client.abort()
    wanted = await asyncio.to_thread(sys.stdin.readline)
    answers = await asyncio.wait_for(asyncio.gather(*(client.connect() for client in clients)), 100)
    for client in clients:
        assert client.held == wanted.strip(), f"{client.kind} holds {client.held}"
    # Everybody of a kind is sent the same: its name, how many different ones there were, and to how many.
    sent = collections.defaultdict(collections.Counter)
    for client, (name, body) in zip(clients, answers):
        sent[f"{client.kind} {name}"][body] += 1
    print(json.dumps({kind: [len(bodies), sum(bodies.values())] for kind, bodies in sent.items()}), flush=True)


asyncio.run(main())
