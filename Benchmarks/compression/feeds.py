"""What polling and pushing cost a client, for each recorded feed: every version of it played through the bridge once."""

import json
import time
import urllib.request
import zlib

from compression.measure import Recording, Subscriber
from processes import free_port
from servers import Pushbridge

# What `pushbridge probe` or a look at a feed tells: volatile members and keys. By the name of the recording's folder.
OPTIONS = {
    "enduro-live": {"keys": {"/riders": "id"}},
    "espn-worldcup2026": {"keys": {"/events": "id"}},
    "apifootball-live": {"keys": {"/fixtures": "id"}, "ignore": ["/updatedAt"]},
    "metar-aviationweather": {"keys": {"": "icaoId"}, "ignore": ["/*/receiptTime"]},
    "bbc-rss-uk": {"keys": {"/rss/channel/item": "guid"}, "ignore": ["/rss/channel/lastBuildDate"]},
}


class Bridge(Pushbridge):
    """One topic that is polled when it is told to."""

    def start(self, recording):
        self.admin = free_port()
        poll = {"url": f"http://127.0.0.1:{recording.port}/", "interval": "1h"} | OPTIONS.get(recording.name, {})
        route = {"path": "/feed", "poll": poll}
        self.serve(route, admin={"host": "127.0.0.1", "port": self.admin})
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(self, path, method="GET"):
        request = urllib.request.Request(f"http://127.0.0.1:{self.admin}{path}", method=method)
        return self.opener.open(request, timeout=10).read().decode()

    def samples(self, name):
        lines = [line for line in self.get("/metrics").splitlines() if line.startswith("pushbridge_" + name)]
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}

    def advance(self):
        """Has the next version polled, and waits until something has been made of it."""
        before = sum(self.samples("polls_total").values())
        self.get("/poke?topic=/feed", "POST")
        while sum(self.samples("polls_total").values()) == before:
            time.sleep(0.001)

    def deliveries(self, kind):
        return sum(value for name, value in self.samples("deliveries_total").items() if f'kind="{kind}"' in name)


def play(setting, recording):
    server = Bridge(setting)
    recording.rewind()
    subscribers = []
    try:
        server.start(recording)
        # Bare changes: what is counted is the frame and the patch, not the envelope.
        subscribers = [Subscriber(server.port, "/feed?mode=patch", compression=on) for on in (False, True)]
        while any(subscriber.messages == 0 for subscriber in subscribers):
            for subscriber in subscribers:
                subscriber.read_what_came()
        begin = [subscriber.bytes for subscriber in subscribers]
        snapshots, patches = server.deliveries("snapshot"), server.deliveries("patch")
        for number in range(1, len(recording.versions)):
            recording.next = number
            server.advance()
            for subscriber in subscribers:
                subscriber.read_what_came()
        delivered = server.deliveries("snapshot") + server.deliveries("patch")
        deadline = time.monotonic() + 10
        while sum(subscriber.messages for subscriber in subscribers) < delivered and time.monotonic() < deadline:
            for subscriber in subscribers:
                subscriber.read_what_came()
        return {
            "plain": subscribers[0].bytes - begin[0], "shared": subscribers[1].bytes - begin[1],
            "snapshots": (server.deliveries("snapshot") - snapshots) / 2,
            "patches": (server.deliveries("patch") - patches) / 2,
        }
    finally:
        for subscriber in subscribers:
            subscriber.socket.close()
        server.end()


def measure(setting, out, folders):
    rows = []
    for folder in folders:
        recording = Recording(folder)
        try:
            out.progress(f"feeds: {recording.name}")
            result = play(setting, recording)
            polled = sum(map(len, recording.versions[1:]))
            gzipped = sum(len(zlib.compress(version, 6)) for version in recording.versions[1:])
            options = OPTIONS.get(recording.name, {})
            rows.append([
                recording.name, f"{len(recording.versions)}", f"{polled / 1000:.1f}", f"{gzipped / 1000:.1f}",
                f"{result['plain'] / 1000:.1f}", f"{result['shared'] / 1000:.1f}", f"{polled / result['plain']:.1f}",
                f"{gzipped / result['shared']:.1f}", f"{result['patches']:.0f}", f"{result['snapshots']:.0f}",
                json.dumps(options) if options else ""])
        except Exception as error:
            out.note(f"feeds: {recording.name}: {error}")
        finally:
            recording.end()
    out.table(
        "Recorded feeds, in KB for one client: each version polled (as it is, with gzip), and pushed in mode patch (as it is, "
        "with shared compression)",
        ["feed", "versions", "polled", "gzip", "pushed", "shared", "times less", "with both compressed", "patches",
         "snapshots", "route"], rows)
