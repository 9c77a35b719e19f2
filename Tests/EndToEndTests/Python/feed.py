"""Plays a folder of recorded answers through the bridge: puts one after the other into the upstream, follows in patch
mode over `pushbridge.v1` and over a bare WebSocket, applies every patch with `jsonpatch`, and compares the outcome with
the upstream's document, numbers to the letter. The version of each document is computed here too."""

import argparse
import asyncio
import json
import pathlib
import re
import sys
import urllib.request

import jsonpatch
from websockets.asyncio.client import connect

from versions import version


class Number(str):
    """A JSON number as it was written."""

    def __eq__(self, other):
        return isinstance(other, Number) and str.__eq__(self, other)

    def __ne__(self, other):
        return not self == other

    __hash__ = str.__hash__


def parse(text):
    return json.loads(text, parse_float=Number, parse_int=Number)


def compact(text):
    """The text without insignificant white space, otherwise untouched."""
    return re.sub(r'("(?:[^"\\]|\\.)*")|[ \t\r\n]+', lambda match: match.group(1) or "", text)


def put(url, text):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    opener.open(urllib.request.Request(url, data=text.encode(), method="POST"), timeout=20).read()


async def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("url")
    arguments.add_argument("control")
    arguments.add_argument("folder")
    arguments.add_argument("--ignore")
    options = arguments.parse_args()
    texts = [path.read_text() for path in sorted(pathlib.Path(options.folder).glob("[0-9]*.json"))]
    if not texts:
        sys.exit("no recordings")

    def meaning(document):
        if options.ignore and isinstance(document, dict):
            return {name: value for name, value in document.items() if name != options.ignore}
        return document

    put(options.control, texts[0])
    connection = dict(proxy=None, max_size=None, ping_interval=None)
    enveloped = await connect(options.url, subprotocols=["pushbridge.v1"], **connection)
    first = parse(await enveloped.recv())
    held, document = first["id"], first["data"]
    bare = await connect(options.url + "?mode=patch", **connection)
    bare_document = parse(await bare.recv())
    counts = {"patch": 0, "snapshot": 0}
    sizes = {"patch": 0, "snapshot": 0}
    last = parse(texts[0])
    if document != last or held != version(compact(texts[0])):
        sys.exit("the first document is another")
    for number, text in enumerate(texts[1:], 2):
        wanted = parse(text)
        # What says the same as the last version is no new one.
        if meaning(wanted) == meaning(last):
            continue
        put(options.control, text)
        last = wanted
        raw = await asyncio.wait_for(enveloped.recv(), 20)
        message = parse(raw)
        kind = message["type"]
        if kind == "patch":
            if message["from"] != held:
                sys.exit(f"{number}: a patch from {message['from']} for a client at {held}")
            document = jsonpatch.apply_patch(document, message["patch"])
        elif kind == "snapshot":
            document = message["data"]
        else:
            sys.exit(f"{number}: {raw[:500]}")
        counts[kind] += 1
        sizes[kind] += len(raw)
        held = message["id"]
        if document != wanted:
            sys.exit(f"{number}: the document after {kind} is not the upstream's")
        if held != version(compact(text)):
            sys.exit(f"{number}: the version is {held}, not {version(compact(text))}")
        change = parse(await asyncio.wait_for(bare.recv(), 20))
        bare_document = jsonpatch.apply_patch(bare_document, change) if isinstance(change, list) else change
        if bare_document != wanted:
            sys.exit(f"{number}: the bare client's document is not the upstream's")
    print(
        f"{len(texts)} documents: {counts['patch']} patches of {sizes['patch']} bytes, "
        f"{counts['snapshot']} snapshots of {sizes['snapshot']} bytes"
    )


asyncio.run(main())
