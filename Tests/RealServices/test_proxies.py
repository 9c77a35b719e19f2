"""nginx and HAProxy before the bridge, with the configurations that docs/deploy.md gives."""

import json
import pathlib
import re
import threading
import unittest
import urllib.request

from websockets.sync.client import connect

from services import JSONUpstream, ServiceTest, eventually, free_port, port_answers

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs/deploy.md"


class ProxyTests(ServiceTest):
    def setUp(self):
        super().setUp()
        self.upstream = JSONUpstream(self, self.document(0))
        self.admin = free_port()
        url = self.bridge(
            [
                {"path": "/feed", "poll": {"url": self.upstream.url, "interval": "200ms"}},
                {"path": "/rooms/{room}", "channel": {"echo": True}},
            ],
            admin={"port": self.admin},
        )
        self.port = url.rsplit(":", 1)[1]

    def document(self, number):
        return {"n": number, "filling": "x" * 200}

    def snippet(self, language, listener, public):
        text = re.search(rf"```{language}\n(.*?)```", DOCUMENT.read_text(), re.S)[1]
        self.assertIn(listener, text)
        return text.replace(listener, public).replace("127.0.0.1:8080", f"127.0.0.1:{self.port}").replace(
            "9090", str(self.admin)
        )

    def everything(self, port):
        """Documents, event streams, long polls and WebSockets through the proxy."""
        port_answers(port)
        base = f"http://127.0.0.1:{port}"

        def get(**headers):
            request = urllib.request.Request(base + "/feed", headers={k.replace("_", "-"): v for k, v in headers.items()})
            return urllib.request.urlopen(request, timeout=60)

        # HAProxy has to have found the bridge ready first.
        first = eventually("answer through the proxy", lambda: get())
        self.assertEqual(json.load(first)["n"], 0)
        with get(Accept="text/event-stream") as stream:
            self.assertIn(b'"n":0', self.event(stream))
            waiting = []
            thread = threading.Thread(
                target=lambda: waiting.append(json.load(get(Prefer="wait=60", If_None_Match=first.headers["ETag"])))
            )
            thread.start()
            self.upstream.document = self.document(1)
            self.assertIn(b'"n":1', self.event(stream))
            thread.join()
            self.assertEqual(waiting[0]["n"], 1)
        with connect(f"ws://127.0.0.1:{port}/rooms/a", proxy=None, open_timeout=30) as client:
            client.send("hello")
            self.assertEqual(client.recv(30), "hello")

    def event(self, stream):
        while not (line := stream.readline()).startswith(b"data: "):
            self.assertTrue(line, "the stream has ended")
        return line

    def test_nginx(self):
        self.need("nginx")
        public = free_port()
        folders = "".join(
            f"{kind}_temp_path {self.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        file = self.folder / "nginx.conf"
        file.write_text(
            f"daemon off; pid {self.folder}/pid; error_log stderr; events {{}}\n"
            f"http {{ access_log off; {folders}\n{self.snippet('nginx', 'listen 80;', f'listen 127.0.0.1:{public};')} }}"
        )
        self.start("nginx", "-c", str(file), "-e", "stderr")
        self.everything(public)

    def test_haproxy(self):
        self.need("haproxy")
        public = free_port()
        file = self.folder / "haproxy.cfg"
        file.write_text(self.snippet("haproxy", "bind :80", f"bind 127.0.0.1:{public}"))
        self.start("haproxy", "-db", "-f", str(file))
        self.everything(public)


if __name__ == "__main__":
    unittest.main()
