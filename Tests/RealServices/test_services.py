"""Tunnels to real servers, reached by their own clients."""

import os
import pathlib
import pwd
import subprocess
import threading

from websockets.sync.client import connect

from desktops import DesktopTest
from services import PROGRAM, ServiceTest, eventually, free_port, port_answers


class DatabaseTests(ServiceTest):
    def test_postgresql_with_psql(self):
        """A query and a large answer, over TCP and over the server's Unix socket."""
        self.need("psql", "runuser")
        found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        if not found:
            self.skipTest("PostgreSQL is not installed; scripts/test-real installs it")
        programs, data, port = found[-1].parent, self.folder / "data", free_port()
        # The server refuses to be root.
        as_owner = []
        if os.geteuid() == 0:
            as_owner = ["runuser", "-u", "postgres", "--"]
            os.chown(self.folder, pwd.getpwnam("postgres").pw_uid, -1)
        self.run_program(*as_owner, str(programs / "initdb"), "-D", str(data), "-A", "trust", "-U", "app", "-N")
        self.start(*as_owner, str(programs / "postgres"), "-D", str(data), "-p", str(port), "-k", str(self.folder),
                   "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off")
        port_answers(port)
        bridge = self.bridge([
            {"path": "/tcp", "tunnel": {"to": f"tcp://127.0.0.1:{port}"}},
            {"path": "/unix", "tunnel": {"to": f"unix://{self.folder}/.s.PGSQL.{port}"}},
        ])
        for path in ["/tcp", "/unix"]:
            forwarded = str(self.forwarder(bridge + path))
            query = ["psql", "-h", "127.0.0.1", "-p", forwarded, "-U", "app", "-d", "postgres", "-Atc"]
            eventually("answer of the database", lambda: subprocess.run(
                [*query, "select 6*7"], capture_output=True, timeout=60).stdout == b"42\n")
            rows = self.run_program(*query, "select md5(i::text) from generate_series(1, 100000) i")
            self.assertEqual(len(rows), 100000 * 33)

    def test_redis_with_redis_cli(self):
        self.need("redis-server", "redis-cli")
        port = free_port()
        self.start("redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder))
        port_answers(port)
        bridge = self.bridge([{"path": "/redis", "tunnel": {"to": f"tcp://127.0.0.1:{port}"}}])
        command = ["redis-cli", "-h", "127.0.0.1", "-p", str(self.forwarder(bridge + "/redis"))]
        value = "grüß" * 100000
        self.assertEqual(self.run_program(*command, "-x", "set", "key", input=value.encode()).strip(), "OK")
        self.assertEqual(self.run_program(*command, "--raw", "get", "key").rstrip("\n"), value)


class MessagingTests(ServiceTest):
    def test_mosquitto_with_paho_over_websocket(self):
        """A client that brings its own WebSocket, with the subprotocol mqtt."""
        self.need("mosquitto")
        import paho.mqtt.client as mqtt

        port = free_port()
        file = self.folder / "mosquitto.conf"
        file.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
        self.start("mosquitto", "-c", str(file))
        port_answers(port)
        bridge = self.bridge([{"path": "/mqtt", "tunnel": {
            "to": f"tcp://127.0.0.1:{port}", "subprotocols": ["mqtt"]}}])
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, transport="websockets")
        client.ws_set_options(path="/mqtt")
        received, got = [], threading.Event()
        subscribed = threading.Event()

        def on_message(_client, _data, message):
            received.append(message.payload)
            got.set()

        client.on_message = on_message
        client.on_connect = lambda *_: client.subscribe("scores/#", qos=1)
        client.on_subscribe = lambda *_: subscribed.set()
        client.connect("127.0.0.1", int(bridge.rsplit(":", 1)[1]))
        client.loop_start()
        self.addCleanup(client.loop_stop)
        self.assertTrue(subscribed.wait(60), self.logs())
        payload = os.urandom(300_000)
        client.publish("scores/premier", payload, qos=1)
        self.assertTrue(got.wait(60), self.logs())
        self.assertEqual(received, [payload])
        client.disconnect()


class ShellTests(ServiceTest):
    def test_ssh_with_proxy_command(self):
        self.need("sshd", "ssh", "ssh-keygen")
        port = free_port()
        for name in ["host", "user"]:
            self.run_program("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / name))
        if os.geteuid() == 0:
            pathlib.Path("/run/sshd").mkdir(exist_ok=True)
        file = self.folder / "sshd_config"
        file.write_text(
            f"Port {port}\nListenAddress 127.0.0.1\nHostKey {self.folder}/host\nPidFile none\nStrictModes no\n"
            f"UsePAM no\nPermitRootLogin yes\nPasswordAuthentication no\nAuthorizedKeysFile {self.folder}/user.pub\n"
        )
        self.start("/usr/sbin/sshd", "-D", "-e", "-f", str(file))
        port_answers(port)
        bridge = self.bridge([{"path": "/ssh", "tunnel": {"to": f"tcp://127.0.0.1:{port}"}}])
        command = [
            "ssh", "-F", "none", "-i", str(self.folder / "user"), "-o", f"UserKnownHostsFile={self.folder}/known",
            "-o", "StrictHostKeyChecking=no", "-o", f"ProxyCommand={PROGRAM} connect {bridge}/ssh",
            f"{pwd.getpwuid(os.geteuid()).pw_name}@tunnelled",
        ]
        data = os.urandom(5 << 20)
        result = subprocess.run([*command, "cat; exit 7"], input=data, capture_output=True, timeout=120)
        self.assertEqual(result.returncode, 7, result.stderr.decode() + self.logs())
        self.assertEqual(result.stdout, data)


class DesktopTests(DesktopTest):
    def test_vnc_with_novnc_in_chromium(self):
        """The page, served by the bridge too, shows the desktop's own colour."""
        port, _ = self.desktop("#c03060")
        from playwright.sync_api import sync_playwright

        bridge = self.bridge([
            {"path": "/vnc", "tunnel": {"to": f"tcp://127.0.0.1:{port}", "subprotocols": ["binary", "base64"]}},
            {"path": "/", "files": {"root": "/usr/share/novnc"}},
        ])
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            page = browser.new_page()
            page.goto(bridge.replace("ws://", "http://") + "/vnc_lite.html?path=vnc", timeout=60_000)
            self.shows_desktop(page, "#c03060")
            browser.close()


class ProxyProtocolTests(ServiceTest):
    def test_haproxy_learns_the_client_s_address(self):
        self.need("haproxy")
        port = free_port()
        file = self.folder / "haproxy.cfg"
        file.write_text(
            "defaults\n  mode http\n  timeout client 30s\n  timeout connect 30s\n  timeout server 30s\n"
            f"frontend f\n  bind 127.0.0.1:{port} accept-proxy\n"
            '  http-request return status 200 content-type text/plain lf-string "%[src]:%[src_port]|%[dst]:%[dst_port]|"\n'
        )
        self.start("/usr/sbin/haproxy", "-db", "-f", str(file))
        port_answers(port)
        bridge = self.bridge([
            {"path": f"/{version}", "tunnel": {"to": f"tcp://127.0.0.1:{port}", "proxyProtocol": version}}
            for version in (1, 2)
        ])
        for version in (1, 2):
            with connect(f"{bridge}/{version}", compression=None, proxy=None) as client:
                own = client.socket.getsockname()
                client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                answer = b""
                while answer.count(b"|") < 2:
                    answer += client.recv(30)
            here = f"127.0.0.1:{own[1]}|{bridge.removeprefix('ws://')}|"
            self.assertTrue(answer.endswith(here.encode()), (answer, here))
