"""pushbridge.js in Chromium, over a network that is cut, frozen, or in the way of a transport."""

import json
import re
import signal
import subprocess
import urllib.request

from examples import ExampleTest
from services import PROGRAM, JSONUpstream, eventually, free_port
from wire import Wire

PAGE = """<!doctype html><meta charset="utf-8"><title>test</title><link rel="icon" href="data:,">
<script type="module">
import { connect } from '%(library)s';
const options = JSON.parse(decodeURIComponent(location.hash.slice(1) || '{}'));
window.bridge = connect('%(connect)s', options);
window.changes = [];
window.states = [];
window.counter = bridge.subscribe('/count', {
    onchange: (document, { type, from, id }) => changes.push({ type, from, id, count: document.count }),
    onstatus: ({ state, code }) => states.push({ state, code }),
});
window.heard = [];
window.room = bridge.subscribe('/rooms/a', { onmessage: (data) => heard.push(data) });
</script>"""

# What a browser says of a network that was cut on purpose.
EXPECTED = r"net::ERR_|WebSocket connection to|Failed to load resource"


class Counter(JSONUpstream):
    """Counts, with enough around the number for a patch to be smaller than the whole."""

    def __init__(self, test):
        super().__init__(test, {"count": 1, "padding": "x" * 500})

    @property
    def count(self):
        return self.document["count"]

    def advance(self):
        self.document = {**self.document, "count": self.count + 1}


class PushbridgeTests(ExampleTest):
    def setUp(self):
        super().setUp()
        self.upstream = Counter(self)
        self.port = free_port()
        pages = self.folder / "pages"
        pages.mkdir()
        (pages / "index.html").write_text(PAGE % {"library": "/pushbridge.js", "connect": "/connect"})
        self.config = self.folder / "counting.json"
        self.configure()
        self.process = self.start_bridge()
        self.wire = Wire(self.port)
        self.addCleanup(self.wire.close)

    def configure(self, **settings):
        self.config.write_text(json.dumps({
            "listen": [{"port": self.port}], "drain": "100ms",
            "routes": [
                {"path": "/count", "poll": {"url": self.upstream.url, "interval": "50ms"}},
                {"path": "/rooms/{room}", "channel": {}},
                {"path": "/connect", "multiplex": {}},
                {"path": "/", "files": {"root": str(self.folder / "pages")}},
            ],
        } | settings))

    def start_bridge(self):
        process = self.start(PROGRAM, "serve", "--config", str(self.config), stdout=subprocess.PIPE)
        self.ready(process)
        return process

    def open(self, **options):
        hash = urllib.request.quote(json.dumps(options))
        page = self.page(f"http://127.0.0.1:{self.wire.port}/#{hash}", expected_errors=EXPECTED)
        self.follows(page)
        return page

    def follows(self, page):
        """The upstream moves on, and the page sees it."""
        self.upstream.advance()
        self.until(page, "(count) => counter.document?.count === count", self.upstream.count)

    def state(self, page, state):
        self.until(page, "(state) => counter.status.state === state", state)

    def current_version(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/count", timeout=60) as answer:
            return answer.headers["ETag"].strip('"')

    def version_of(self, page):
        return page.evaluate("counter.id")

    def last_version(self, page):
        eventually("the newest version", lambda: self.version_of(page) == self.current_version())


class CutTests(PushbridgeTests):
    def test_after_a_cut_it_goes_on_from_the_version_that_it_has(self):
        page = self.open()
        held = self.version_of(page)
        self.wire.cut()
        self.state(page, "offline")
        page.evaluate("changes.length = 0")
        self.upstream.advance()
        # Said while there is no connection: it waits, and arrives.
        page.evaluate("void (window.early = room.send('from the tunnel'))")
        self.wire.mend()
        self.until(page, "(count) => counter.document?.count === count", self.upstream.count)
        first = page.evaluate("changes[0]")
        self.assertEqual((first["type"], first["from"]), ("patch", held))
        self.last_version(page)
        self.assertEqual(page.evaluate("early"), {"status": 202})
        self.follows(page)

    def test_it_stays_with_the_websocket_while_the_browser_is_offline_and_returns_when_it_is_online(self):
        page = self.open()
        self.wire.cut()
        page.context.set_offline(True)
        # Two failures would be enough to give WebSocket up, where there is a network.
        self.until(page, "() => states.filter(({ state }) => state === 'offline').length >= 4")
        self.assertEqual(page.evaluate("bridge.transport"), "websocket")
        self.upstream.advance()
        self.wire.mend()
        page.context.set_offline(False)
        self.until(page, "(count) => counter.document?.count === count", self.upstream.count)
        self.assertEqual(page.evaluate("bridge.transport"), "websocket")
        self.last_version(page)

    def test_a_network_that_silently_went_away_is_found_and_left(self):
        page = self.open(heartbeat=300)
        self.wire.freeze()
        self.follows(page)
        self.assertIn({"state": "offline", "code": 1006}, page.evaluate("states"))
        self.last_version(page)

    def test_a_restart_of_the_bridge_costs_nothing_where_the_document_is_the_same(self):
        page = self.open()
        self.last_version(page)
        page.evaluate("changes.length = 0; states.length = 0")
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(60), 0)
        self.until(page, "() => states.some(({ state, code }) => state === 'offline' && code === 1001)")
        self.start_bridge()
        self.state(page, "live")
        self.assertEqual(page.evaluate("changes"), [], "it was told that it is current")
        self.follows(page)


class FallbackTests(PushbridgeTests):
    def test_without_websocket_it_follows_by_sse_and_then_by_long_poll_and_returns(self):
        self.wire.refuses = [b"websocket"]
        page = self.open(returnAfter=2000)
        self.assertEqual(page.evaluate("bridge.transport"), "sse")
        self.follows(page)
        # Something on the way holds streams back.
        self.wire.keeps_back = [b"text/event-stream"]
        self.wire.break_connections()
        self.until(page, "() => bridge.transport === 'poll'")
        self.follows(page)
        self.wire.refuses = []
        self.until(page, "() => bridge.transport === 'websocket'")
        self.follows(page)
        self.last_version(page)
        self.assertEqual(page.evaluate("room.send('here again')"), {"status": 202})


class ElsewhereTests(PushbridgeTests):
    def test_a_page_from_elsewhere_imports_the_library_and_follows(self):
        bridge = f"http://127.0.0.1:{self.port}"
        other = self.folder / "elsewhere"
        other.mkdir()
        (other / "index.html").write_text(PAGE % {"library": f"{bridge}/pushbridge.js", "connect": f"{bridge}/connect"})
        origin = self.bridge([{"path": "/", "files": {"root": str(other)}}]).replace("ws://", "http://")
        self.configure(access={"origins": [origin]})
        self.process.send_signal(signal.SIGHUP)

        def is_allowed():
            request = urllib.request.Request(f"{bridge}/count", headers={"Origin": origin})
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.headers["Access-Control-Allow-Origin"] == origin

        eventually("permission for the page", is_allowed)
        for transport in ["websocket", "sse", "poll"]:
            hash = urllib.request.quote(json.dumps({"transports": [transport]}))
            page = self.page(f"{origin}/#{hash}", expected_errors=r"status of 4\d\d")
            self.follows(page)
            self.assertEqual(page.evaluate("bridge.transport"), transport)
            self.last_version(page)
