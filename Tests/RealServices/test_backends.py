"""Tunnels to every kind of backend, spoken to with a client that is not ours."""

import contextlib
import os
import socket
import ssl
import subprocess
import threading
import unittest

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from services import ServiceTest, certificate, eventually, free_port


class BackendTests(ServiceTest):
    def echo(self, server, name=b"", tls=None):
        """Answers every connection of a listening socket with what it sends, behind a name."""
        def answer(connection):
            with contextlib.suppress(OSError), connection:
                if tls:
                    connection = tls.wrap_socket(connection, server_side=True)
                connection.sendall(name)
                while data := connection.recv(65536):
                    connection.sendall(data)
                if tls:
                    connection.unwrap()

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    threading.Thread(target=answer, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()

    def tcp(self, name=b"", tls=None, port=0, host="127.0.0.1"):
        server = socket.create_server((host, port))
        self.addCleanup(server.close)
        self.echo(server, name, tls)
        return server.getsockname()[1]

    def exchange(self, url, data=b"hello"):
        with connect(url, compression=None, proxy=None, open_timeout=30) as client:
            client.send(data)
            received = b""
            while len(received) < len(data):
                received += client.recv(30)
            return received

    def status(self, url):
        with self.assertRaises(InvalidStatus) as caught:
            connect(url, proxy=None, open_timeout=30)
        return caught.exception.response.status_code

    def test_unix_socket(self):
        path = str(self.folder / "s")
        server = socket.socket(socket.AF_UNIX)
        self.addCleanup(server.close)
        server.bind(path)
        server.listen()
        self.echo(server)
        url = self.bridge([
            {"path": "/u", "tunnel": {"to": f"unix://{path}", "proxyProtocol": 2}},
            {"path": "/none", "tunnel": {"to": f"unix://{path}.none"}},
        ])
        # The PROXY header comes back too.
        self.assertTrue(self.exchange(url + "/u").startswith(b"\r\n\r\n\0\r\nQ"))
        self.assertEqual(self.status(url + "/none"), 502)

    def test_tls(self):
        cert, key = certificate(self.folder, "server", "DNS:db.example")
        by_address, address_key = certificate(self.folder, "address", "IP:127.0.0.1")
        client, client_key = certificate(self.folder, "client", "DNS:bridge.example")

        def context(cert, key, client=None):
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(cert, key)
            if client:
                context.load_verify_locations(client)
                context.verify_mode = ssl.CERT_REQUIRED
            return context

        named = self.tcp(tls=context(cert, key))
        plain = self.tcp()
        addressed = self.tcp(tls=context(by_address, address_key))
        strict = self.tcp(tls=context(cert, key, client))
        trusted = {"ca": str(cert), "serverName": "db.example"}
        url = self.bridge([
            {"path": "/named", "tunnel": {"to": f"tls://127.0.0.1:{named}", "tls": trusted}},
            {"path": "/address", "tunnel": {"to": f"tls://127.0.0.1:{addressed}", "tls": {"ca": str(by_address)}}},
            {"path": "/wrong-name", "tunnel": {"to": f"tls://127.0.0.1:{named}", "tls": {"ca": str(cert)}}},
            {"path": "/unknown-ca", "tunnel": {"to": f"tls://127.0.0.1:{named}", "tls": {"serverName": "db.example"}}},
            {"path": "/unverified", "tunnel": {"to": f"tls://127.0.0.1:{named}", "tls": {"verify": False}}},
            {"path": "/plain", "tunnel": {"to": f"tls://127.0.0.1:{plain}", "connectTimeout": "1s"}},
            {"path": "/client", "tunnel": {
                "to": f"tls://127.0.0.1:{strict}",
                "tls": trusted | {"certificate": str(client), "key": str(client_key)}}},
            {"path": "/failover", "tunnel": {
                "to": [f"tls://127.0.0.1:{plain}", f"tls://127.0.0.1:{named}"], "tls": trusted}},
        ])
        data = os.urandom(1 << 20)
        for path in ["/named", "/address", "/unverified", "/client", "/failover"]:
            self.assertEqual(self.exchange(url + path, data), data, path + self.logs())
        for path in ["/wrong-name", "/unknown-ca"]:
            self.assertEqual(self.status(url + path), 502, path)
        self.assertIn(self.status(url + "/plain"), (502, 504))

    def test_end_of_stream_through_tls(self):
        cert, key = certificate(self.folder, "server", "IP:127.0.0.1")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(cert, key)
        server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(server.close)
        data = os.urandom(3 << 20)

        def send():
            connection = context.wrap_socket(server.accept()[0], server_side=True)
            connection.sendall(data)
            connection.unwrap().close()

        threading.Thread(target=send, daemon=True).start()
        url = self.bridge([{"path": "/", "tunnel": {
            "to": f"tls://127.0.0.1:{server.getsockname()[1]}", "tls": {"ca": str(cert)}}}])
        received = b""
        with connect(url + "/", compression=None, proxy=None, max_size=None) as client:
            with self.assertRaises(ConnectionClosed) as caught:
                while True:
                    received += client.recv(60)
        self.assertEqual(received, data)
        self.assertEqual(caught.exception.rcvd.code, 1000)

    def test_rotation_and_failover(self):
        first, second, dead = self.tcp(b"1"), self.tcp(b"2"), free_port()
        addresses = [f"tcp://127.0.0.1:{port}" for port in (first, dead, second)]
        url = self.bridge([{"path": "/", "tunnel": {"to": addresses}}])

        def one():
            with connect(url + "/", compression=None, proxy=None) as client:
                return client.recv(30)

        self.assertEqual({one() for _ in range(6)}, {b"1", b"2"})
        self.tcp(b"3", port=dead)
        eventually("answer of the backend that came back", lambda: one() == b"3")

    def test_targets(self):
        ports = self.tcp(b"a"), self.tcp(b"b")
        url = self.bridge([{"path": "/t/{target}", "tunnel": {
            "targets": {"a": f"tcp://127.0.0.1:{ports[0]}", "b": f"tcp://127.0.0.1:{ports[1]}"}}}])
        for name in "ab":
            with connect(f"{url}/t/{name}", proxy=None) as client:
                self.assertEqual(client.recv(30), name.encode())
        self.assertEqual(self.status(url + "/t/c"), 404)

    def test_parameters_and_allow(self):
        port, other = self.tcp(), self.tcp()
        url = self.bridge([
            {"path": "/p/{port}", "tunnel": {"to": "tcp://localhost:{port}",
                                             "allow": [f"127.0.0.0/8:{port}", f"[::1]:{port}"]}},
            {"path": "/h/{host}", "tunnel": {"to": f"tcp://{{host}}:{port}", "allow": [f"10.0.0.0/8:{port}"]}},
            {"path": "/n/{host}", "tunnel": {"to": f"tcp://{{host}}:{port}", "allow": [f"localhost:{port}"]}},
        ])
        self.assertEqual(self.exchange(f"{url}/p/{port}"), b"hello")
        self.assertEqual(self.exchange(f"{url}/n/localhost"), b"hello")
        self.assertEqual(self.status(f"{url}/p/{other}"), 403)
        self.assertEqual(self.status(f"{url}/h/localhost"), 403)
        # A number is an old way to write 127.0.0.1, and judged by what it leads to.
        self.assertEqual(self.status(f"{url}/h/2130706433"), 403)
        for value in ["0", "70000", "1@", "x"]:
            self.assertEqual(self.status(f"{url}/p/{value}"), 404, value)
        self.assertEqual(self.status(f"{url}/h/127.0.0.1"), 404)

    def test_names_are_resolved_for_each_connection(self):
        # A file of its own in the place of /etc/hosts, which only the bridge sees.
        hosts = self.folder / "hosts"
        hosts.touch()
        apart = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', str(hosts)]
        self.need("unshare")
        if subprocess.run([*apart, "true"], capture_output=True).returncode != 0:
            self.skipTest("a mount namespace of its own takes root's rights")

        def lead(*addresses):
            # The same file, since it is the file that is bound.
            with open(hosts, "r+", encoding="ascii") as file:
                file.truncate()
                file.writelines(f"{address} backend.test\n" for address in addresses)

        port = self.tcp(b"1")
        self.tcp(b"2", port=port, host="127.0.0.2")
        lead("127.0.0.1")
        url = self.bridge([
            {"path": "/fixed", "tunnel": {"to": f"tcp://backend.test:{port}"}},
            {"path": "/chosen/{host}", "tunnel": {"to": f"tcp://{{host}}.test:{port}", "allow": [f"127.0.0.1:{port}"]}},
        ], under=apart)

        def one(path):
            with connect(url + path, compression=None, proxy=None) as client:
                return client.recv(30)

        self.assertEqual((one("/fixed"), one("/chosen/backend")), (b"1", b"1"))
        # A name that leads elsewhere from now on: followed where the operator wrote it, and not where a client chose it.
        lead("127.0.0.2")
        self.assertEqual(one("/fixed"), b"2")
        self.assertEqual(self.status(url + "/chosen/backend"), 403)
        # Not even where one of its addresses is allowed.
        lead("127.0.0.1", "127.0.0.2")
        self.assertEqual(self.status(url + "/chosen/backend"), 403)

    def test_connect_after(self):
        url = self.bridge([{"path": "/", "tunnel": {"to": f"tcp://127.0.0.1:{free_port()}", "connect": "after"}}])
        with connect(url + "/", proxy=None) as client, self.assertRaises(ConnectionClosed) as caught:
            client.recv(30)
        self.assertEqual(caught.exception.rcvd.code, 1014)


if __name__ == "__main__":
    unittest.main()
