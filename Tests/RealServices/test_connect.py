"""pushbridge connect: through TLS, proxies and refusals."""

import contextlib
import os
import socket
import subprocess
import threading

from websockets.sync.server import serve

from services import PROGRAM, ServiceTest, certificate, free_port, port_answers


def pump(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


class ConnectTests(ServiceTest):
    def server(self, handler, **options):
        """A WebSocket server that is not ours; gives its port."""
        server = serve(handler, "127.0.0.1", 0, **options)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        return server.socket.getsockname()[1]

    def connect(self, url, *options, data=b"", answer=None, environment=None):
        """Ends its input when as many bytes as `answer` came back: other servers than ours drop what they still have
        to send when they are told to close."""
        process = subprocess.Popen(
            [PROGRAM, "connect", url, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=os.environ | (environment or {}),
        )
        alarm = threading.Timer(120, process.kill)
        alarm.start()
        writer = threading.Thread(target=lambda: (process.stdin.write(data), process.stdin.flush()), daemon=True)
        if data:
            writer.start()
        output = process.stdout.read(len(data if answer is None else answer))
        rest, errors = process.communicate()
        alarm.cancel()
        return subprocess.CompletedProcess(process.args, process.returncode, output + rest, errors)

    @staticmethod
    def echo(socket):
        for message in socket:
            socket.send(message)

    def test_headers_and_subprotocol_reach_the_server(self):
        def handler(socket):
            socket.send(f"{socket.request.headers['X-Key']} {socket.subprotocol} {socket.request.path}".encode())

        port = self.server(handler, subprotocols=["two"])
        answer = b"a: b two /a%20b?c=d"
        result = self.connect(
            f"ws://127.0.0.1:{port}/a%20b?c=d", "--header", "X-Key: a: b", "--subprotocol", "one", "--subprotocol",
            "two", answer=answer,
        )
        self.assertEqual((result.returncode, result.stdout), (0, answer), result.stderr)

    def test_wss_with_an_authority_of_its_own(self):
        self.need("haproxy")
        back = self.server(self.echo)
        cert, key = certificate(self.folder, "front", "DNS:localhost")
        both = self.folder / "both.pem"
        both.write_text(cert.read_text() + key.read_text())
        port = free_port()
        file = self.folder / "haproxy.cfg"
        file.write_text(
            "defaults\n  mode tcp\n  timeout client 60s\n  timeout connect 60s\n  timeout server 60s\n"
            f"listen l\n  bind 127.0.0.1:{port} ssl crt {both}\n  server s 127.0.0.1:{back}\n"
        )
        self.start("/usr/sbin/haproxy", "-db", "-f", str(file))
        port_answers(port)
        data = os.urandom(1 << 20)
        result = self.connect(f"wss://localhost:{port}/", "--ca", str(cert), data=data)
        self.assertEqual((result.returncode, result.stdout == data), (0, True), result.stderr)
        for url, options in [
            (f"wss://localhost:{port}/", []),
            (f"wss://127.0.0.1:{port}/", ["--ca", str(cert)]),
            (f"wss://localhost:{back}/", ["--ca", str(cert)]),
        ]:
            result = self.connect(url, *options)
            self.assertEqual(result.returncode, 69)
            self.assertIn(b"TLS with", result.stderr)

    def test_proxy_of_the_environment(self):
        back = self.server(self.echo)
        heads = []

        def proxy():
            while True:
                client, _ = listener.accept()
                head = b""
                while b"\r\n\r\n" not in head:
                    head += client.recv(4096)
                heads.append(head.decode())
                if "denied" in heads[-1]:
                    client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                    continue
                target = socket.create_connection(("127.0.0.1", back))
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                threading.Thread(target=pump, args=(client, target), daemon=True).start()
                threading.Thread(target=pump, args=(target, client), daemon=True).start()

        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        threading.Thread(target=proxy, daemon=True).start()
        environment = {"http_proxy": f"http://me:secret@127.0.0.1:{listener.getsockname()[1]}", "no_proxy": ""}
        data = os.urandom(100_000)
        result = self.connect("ws://bridge.example:81/x", data=data, environment=environment)
        self.assertEqual((result.returncode, result.stdout == data), (0, True), result.stderr)
        self.assertTrue(heads[0].startswith("CONNECT bridge.example:81 HTTP/1.1\r\n"), heads)
        self.assertIn("Proxy-Authorization: Basic bWU6c2VjcmV0", heads[0])
        result = self.connect("ws://denied.example/", environment=environment)
        self.assertEqual(result.returncode, 69)
        self.assertIn(b"407", result.stderr)

    def test_ends_that_are_no_success(self):
        bridge = self.bridge([{"path": "/dead", "tunnel": {"to": f"tcp://127.0.0.1:{free_port()}"}},
                              {"path": "/after", "tunnel": {"to": f"tcp://127.0.0.1:{free_port()}", "connect": "after"}}])
        for path, words in [("/dead", b"502"), ("/after", b"1014"), ("/nowhere", b"404")]:
            result = self.connect(bridge + path)
            self.assertEqual(result.returncode, 69)
            self.assertIn(words, result.stderr)
        for arguments in [["ws://h", "--header", "none"], ["ws://h", "--listen", "h"], []]:
            result = subprocess.run([PROGRAM, "connect", *arguments], capture_output=True, timeout=60)
            self.assertEqual(result.returncode, 64, arguments)


class HalfOpenTests(ServiceTest):
    def test_a_client_that_vanished_is_found_by_ping(self):
        """It neither answers pings nor ends its connection: the backend is told that it is gone."""
        backend = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(backend.close)
        bridge = self.bridge(
            [{"path": "/", "tunnel": {"to": f"tcp://127.0.0.1:{backend.getsockname()[1]}"}}],
            keepAlive={"ping": "300ms", "timeout": "1s"},
        )
        with socket.create_connection(("127.0.0.1", int(bridge.rsplit(":", 1)[1]))) as client:
            client.sendall(
                b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
            )
            connection, _ = backend.accept()
            connection.settimeout(60)
            self.assertEqual(connection.recv(1), b"")
            connection.close()
