"""What compression brings: bytes and CPU of a recording that is pushed whole and as patches, for each policy."""

import glob
import http.server
import os
import selectors
import socket
import threading
import time
import zlib

from processes import machine_cpu, process_cpu
from servers import Pushbridge

SUBSCRIBERS = 100
INTERVAL = 0.05  # seconds between versions; the recordings are of minutes and hours


TYPES = {".json": "application/json", ".xml": "application/xml", ".csv": "text/csv"}


class Recording:
    """A legacy endpoint on a thread of its own, which answers each GET with `next`, and then advances if it is to."""

    def __init__(self, folder):
        self.name = os.path.basename(os.path.normpath(folder))
        paths = sorted(glob.glob(os.path.join(folder, "[0-9]*.*")))
        content_type = TYPES[os.path.splitext(paths[0])[1]]
        self.versions = [open(path, "rb").read() for path in paths]
        self.next = 0
        self.advancing = False
        recording = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                body = recording.versions[recording.next]
                if recording.advancing:
                    recording.next = min(recording.next + 1, len(recording.versions) - 1)
                self.send_response(200)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def rewind(self):
        self.next, self.advancing = 0, False

    def end(self):
        self.server.shutdown()
        self.server.server_close()


class Subscriber:
    """Reads frames and counts their bytes; the messages are not looked at."""

    def __init__(self, port, path, compression=True):
        extensions = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n" if compression else ""
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.sendall((
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            f"{extensions}\r\n").encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.socket.recv(1 << 16)
        self.head, self.pending = head.split(b"\r\n\r\n", 1)
        if b" 101 " not in self.head:
            raise RuntimeError(self.head.decode())
        self.socket.setblocking(False)
        self.bytes = self.messages = 0
        self.count()

    def read(self):
        self.pending += self.socket.recv(1 << 18)
        self.count()

    def read_what_came(self):
        try:
            self.read()
        except BlockingIOError:
            time.sleep(0.001)

    def count(self):
        while len(self.pending) >= 2:
            short = self.pending[1] & 127
            head = 2 + {126: 2, 127: 8}.get(short, 0)
            if len(self.pending) < head:
                return
            length = int.from_bytes(self.pending[2:head], "big") if short > 125 else short
            if len(self.pending) < head + length:
                return
            self.pending = self.pending[head + length:]
            self.bytes += head + length
            self.messages += 1


def drain(selector, seconds):
    """Reads what comes until nothing has come for so long."""
    while True:
        ready = selector.select(seconds)
        if not ready:
            return
        for key, _ in ready:
            key.data.read()


def run(setting, recording, policy, mode):
    server = Pushbridge(setting)
    subscribers = []
    selector = selectors.DefaultSelector()
    recording.rewind()
    try:
        server.serve({"path": "/document", "compression": policy, "poll": {
            "url": f"http://127.0.0.1:{recording.port}/", "interval": f"{round(INTERVAL * 1000)}ms"}})
        for _ in range(SUBSCRIBERS):
            subscriber = Subscriber(server.port, f"/document?mode={mode}")
            subscribers.append(subscriber)
            selector.register(subscriber.socket, selectors.EVENT_READ, subscriber)
        drain(selector, 0.5)
        bytes_before = sum(s.bytes for s in subscribers)
        messages_before = sum(s.messages for s in subscribers)
        cpu, machine, own = process_cpu(server.server.pid), machine_cpu(), time.process_time()
        began = time.monotonic()
        recording.advancing = True
        drain(selector, 1)
        seconds = time.monotonic() - began
        cpu = process_cpu(server.server.pid) - cpu
        messages = sum(s.messages for s in subscribers) - messages_before
        return {
            "bytes": (sum(s.bytes for s in subscribers) - bytes_before) / SUBSCRIBERS,
            "messages": messages / SUBSCRIBERS,
            "cpu": cpu / messages * 1e6,
            "strangers": max(0, machine_cpu() - machine - cpu - (time.process_time() - own)) / seconds * 100,
        }
    finally:
        selector.close()
        for subscriber in subscribers:
            subscriber.socket.close()
        server.end()


def measure(setting, out, folders):
    for folder in folders:
        recording = Recording(folder)
        try:
            polled = sum(map(len, recording.versions[1:]))
            gzipped = sum(len(zlib.compress(version, 6)) for version in recording.versions[1:])
            rows = []
            for mode in ("snapshot", "patch"):
                for policy in ("off", "shared", "context"):
                    out.progress(f"compression: {recording.name}, {mode}, {policy}")
                    result = out.undisturbed(lambda: run(setting, recording, policy, mode))
                    rows.append([
                        mode, policy, f"{result['messages']:.0f}", f"{result['bytes'] / 1000:.1f}",
                        f"{polled / result['bytes']:.1f}", f"{result['cpu']:.1f}", f"{result['strangers']:.0f} %"])
            out.table(
                f"Compression: {recording.name}, {len(recording.versions)} versions, {SUBSCRIBERS} subscribers; polling all of "
                f"them costs a client {polled / 1000:.0f} KB, with gzip {gzipped / 1000:.0f} KB",
                ["mode", "compression", "messages", "KB a client", "times less", "us CPU a message", "strangers"], rows)
        finally:
            recording.end()
