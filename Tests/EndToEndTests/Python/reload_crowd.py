"""Clients that live through reloads: reload_crowd.py FEED CHANNEL COUNT.

Half of them keep the document of FEED by pushbridge.v1, and check that each patch begins at the version that they hold; the
other half are in the channel CHANNEL, and check that the numbers that are sent there come one after the other. Prints
`connected`; then each number N of standard input is waited for by everybody, as the document's "goals" and as a message.
"""

import asyncio
import json
import sys

import jsonpatch
from websockets.asyncio.client import connect


class Client:
    def __init__(self, url, follow):
        self.url = url
        self.follow = follow
        self.reached = 0
        self.changed = asyncio.Condition()

    async def run(self, gate, connected):
        v1 = self.follow is Client.document
        async with gate:
            socket = await connect(
                self.url, subprotocols=["pushbridge.v1"] if v1 else None, proxy=None, ping_interval=None, open_timeout=60
            )
        connected()
        await self.follow(self, socket)
        sys.exit("a connection has ended")

    async def document(self, socket):
        held = None
        async for text in socket:
            message = json.loads(text)
            if message["type"] == "snapshot":
                if held is not None:
                    sys.exit("a snapshot for a client that held the version before")
                document = message["data"]
            elif message["type"] == "patch":
                if message["from"] != held:
                    sys.exit(f"a patch from {message['from']} for a client at {held}")
                document = jsonpatch.apply_patch(document, message["patch"])
            else:
                sys.exit(f"unexpected: {text}")
            held = message["id"]
            await self.reach(document["goals"])

    async def numbers(self, socket):
        async for text in socket:
            number = int(text)
            if number != self.reached + 1:
                sys.exit(f"message {number} after {self.reached}")
            await self.reach(number)

    async def reach(self, number):
        async with self.changed:
            self.reached = number
            self.changed.notify_all()

    async def reaches(self, number):
        async with self.changed:
            await self.changed.wait_for(lambda: self.reached >= number)


async def main():
    feed, channel, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    clients = [
        Client(feed, Client.document) if number % 2 else Client(channel, Client.numbers) for number in range(count)
    ]
    gate = asyncio.Semaphore(50)
    everybody = asyncio.Event()
    missing = count

    def connected():
        nonlocal missing
        missing -= 1
        if missing == 0:
            everybody.set()

    running = asyncio.gather(*(client.run(gate, connected) for client in clients))

    async def conduct():
        await everybody.wait()
        publisher = await connect(channel, proxy=None, ping_interval=None)
        print("connected", flush=True)
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            number = int(line)
            await publisher.send(str(number))
            await asyncio.gather(*(client.reaches(number) for client in clients))
            print(number, flush=True)

    conductor = asyncio.ensure_future(conduct())
    await asyncio.wait([running, conductor], return_when=asyncio.FIRST_COMPLETED)
    # Whichever ended first says why, where it was no end of the input.
    (conductor if conductor.done() else running).result()


asyncio.run(main())
