"""Members of one room all send at once; all must see all messages in one order, with each sender's own in the order
that they were sent."""

import asyncio
import sys

from websockets.asyncio.client import connect


async def main():
    url, members, messages = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    sockets = [await connect(url, proxy=None, ping_interval=None, max_queue=10_000) for _ in range(members)]

    async def talk(number, socket):
        for message in range(messages):
            await socket.send(f"{number} {message}")

    async def listen(socket):
        return [await asyncio.wait_for(socket.recv(), 60) for _ in range(members * messages)]

    listening = [asyncio.ensure_future(listen(socket)) for socket in sockets]
    await asyncio.gather(*(talk(number, socket) for number, socket in enumerate(sockets)))
    heard = await asyncio.gather(*listening)
    if any(other != heard[0] for other in heard[1:]):
        sys.exit("two members saw different orders")
    for number in range(members):
        own = [int(text.split()[1]) for text in heard[0] if text.split()[0] == str(number)]
        if own != list(range(messages)):
            sys.exit(f"the messages of {number} came as {own}")
    await asyncio.gather(*(socket.close() for socket in sockets))
    print(f"{members} members, {members * messages} messages, one order")


asyncio.run(main())
