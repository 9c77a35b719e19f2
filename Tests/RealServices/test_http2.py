"""Chromium over HTTP/2: what six connections of HTTP/1.1 cannot do, one connection does."""

import json
import subprocess
import urllib.request

from examples import ExampleTest
from services import PROGRAM, JSONUpstream, eventually

PAGE = """<!doctype html><meta charset="utf-8"><title>test</title><link rel="icon" href="data:,">
<script>
window.counts = Array(8).fill(0);
for (let number = 0; number < 8; number += 1) {
    const source = new EventSource(`/count/${number}`);
    source.onmessage = (event) => { counts[number] = JSON.parse(event.data).count; };
}
window.socket = new WebSocket(`wss://${location.host}/rooms/a`);
window.heard = [];
socket.onopen = () => socket.send('hello');
socket.onmessage = (event) => heard.push(event.data);
socket.onclose = (event) => { window.ended = { code: event.code, wasClean: event.wasClean }; };
window.seen = (count) => counts.every((value) => value === count);
</script>"""


class HTTP2Tests(ExampleTest):
    def setUp(self):
        super().setUp()
        self.need("openssl")
        self.run_program(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "30", "-keyout", str(self.folder / "key.pem"), "-out", str(self.folder / "cert.pem"),
            "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1")
        (self.folder / "pages").mkdir()
        (self.folder / "pages/index.html").write_text(PAGE)
        self.upstream = JSONUpstream(self, {"count": 1})

    def open(self, **listener):
        """Starts a bridge with TLS, and a page at it."""
        file = self.folder / "config.json"
        file.write_text(json.dumps({
            "listen": [{"port": 0, "tls": {"certificate": "cert.pem", "key": "key.pem"}} | listener],
            "admin": {"port": 0}, "drain": "500ms", "accessLog": "json",
            "routes": [
                {"path": "/count/{number}", "poll": {"url": self.upstream.url, "interval": "100ms"}},
                {"path": "/rooms/{room}", "channel": {"echo": True}},
                {"path": "/", "files": {"root": "pages"}},
            ],
        }))
        self.process = self.start(PROGRAM, "serve", "--config", str(file), stdout=subprocess.PIPE)
        url = self.ready(self.process)
        self.admin = self.ready(self.process).split()[0]
        return self.page(url, expected_errors="net::ERR_|WebSocket connection", ignore_https_errors=True)

    def connections(self):
        with urllib.request.urlopen(f"{self.admin}/connections", timeout=60) as answer:
            return sorted((each["protocol"], each["transport"]) for each in json.load(answer))

    def test_eight_event_streams_and_a_websocket_share_one_connection(self):
        page = self.open()
        self.until(page, "seen(1)")
        self.upstream.document = {"count": 2}
        self.until(page, "seen(2)")
        self.until(page, "heard.includes('hello')")
        expected = [("h2", "h2")] + [("h2", "sse")] * 8 + [("h2", "websocket")]
        eventually("all in one connection", lambda: self.connections() == expected)
        # A ninth request is answered beside them.
        self.assertEqual(page.evaluate("fetch('/count/9').then((answer) => answer.json())"), {"count": 2})
        # What a browser loads first and what it asks for later: its own word for how.
        protocols = page.evaluate("performance.getEntries().map((each) => each.nextHopProtocol).filter(Boolean)")
        self.assertEqual(set(protocols), {"h2"})
        # The end is in good order, seen from the page.
        page.evaluate("socket.close(1000)")
        self.assertEqual(self.until(page, "window.ended"), {"code": 1000, "wasClean": True})

    def test_the_end_of_the_bridge_is_a_clean_close_with_1001(self):
        page = self.open()
        self.until(page, "seen(1) && heard.includes('hello')")
        self.process.terminate()
        self.assertEqual(self.until(page, "window.ended"), {"code": 1001, "wasClean": True})
        self.assertEqual(self.process.wait(60), 0)

    def test_without_http2_the_seventh_event_stream_waits(self):
        page = self.open(http2=False)
        self.until(page, "counts.filter((value) => value === 1).length === 6")
        self.until(page, "heard.includes('hello')")
        self.assertFalse(page.evaluate("seen(1)"))
        self.assertEqual({protocol for protocol, _ in self.connections()}, {"http/1.1"})
