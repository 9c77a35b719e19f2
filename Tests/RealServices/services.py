"""What the tests of real services share: programs that are started, waited for, and ended by their own process."""

import http.server
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

PROGRAM = os.environ.get(
    "PUSHBRIDGE", str(pathlib.Path(__file__).resolve().parents[2] / ".build/debug/pushbridge")
)
DEADLINE = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(what, attempt):
    """Repeats attempt() until it returns something true, or fails after a generous deadline."""
    end = time.monotonic() + DEADLINE
    while True:
        last = None
        try:
            result = attempt()
            if result:
                return result
        except OSError as error:
            last = error
        if time.monotonic() > end:
            raise AssertionError(f"no {what} after {DEADLINE} s: {last}")
        time.sleep(0.05)


def port_answers(port):
    def attempt():
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return True

    eventually(f"listener on {port}", attempt)


class JSONUpstream:
    """A legacy endpoint for as long as the test: `document` is what it answers with, and may be changed."""

    def __init__(self, test, document):
        self.document = document
        upstream = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                body = json.dumps(upstream.document).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        test.addCleanup(server.server_close)
        test.addCleanup(server.shutdown)
        self.url = f"http://127.0.0.1:{server.server_port}/"


class ServiceTest(unittest.TestCase):
    """A test with a folder of its own, whose programs end with it."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pushbridge-real-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        # Servers that drop root have to reach their files.
        self.folder.chmod(0o755)

    def need(self, *programs):
        for program in programs:
            path = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"])
            if shutil.which(program, path=path) is None:
                self.skipTest(f"{program} is not installed; scripts/test-real installs it")

    def start(self, *command, **options):
        log = open(self.folder / f"{pathlib.Path(command[0]).name}.log", "ab")
        self.addCleanup(log.close)
        options.setdefault("stdout", log)
        process = subprocess.Popen(command, stderr=log, stdin=subprocess.DEVNULL, **options)

        def end():
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()

        self.addCleanup(end)
        return process

    def ready(self, process):
        """The address in a program's ready line."""
        line = process.stdout.readline().decode()
        self.assertTrue(line.startswith("pushbridge ready: "), line)
        return line.split("ready: ")[1].strip()

    def bridge(self, routes, under=(), **settings):
        """Starts a bridge, by another program where there is one; gives its ws:// address."""
        file = self.folder / "config.json"
        file.write_text(json.dumps({"listen": [{"port": 0}], "drain": "100ms", "routes": routes} | settings))
        process = self.start(*under, PROGRAM, "serve", "--config", str(file), stdout=subprocess.PIPE)
        return self.ready(process).replace("http://", "ws://")

    def forwarder(self, url, *options):
        """Starts a local forwarder into a tunnel; gives its port."""
        process = self.start(
            PROGRAM, "connect", url, "--listen", "127.0.0.1:0", *options, stdout=subprocess.PIPE
        )
        return int(self.ready(process).rsplit(":", 1)[1])

    def run_program(self, *command, **options):
        result = subprocess.run(command, capture_output=True, timeout=120, **options)
        self.assertEqual(result.returncode, 0, result.stderr.decode() + self.logs())
        return result.stdout.decode()

    def logs(self):
        return "".join(f"\n--- {file.name}\n{file.read_text()}" for file in sorted(self.folder.glob("*.log")))


def certificate(folder, name, host):
    """A self-signed certificate for a host; gives the paths of certificate and key."""
    files = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
         "2", "-subj", f"/CN={host}", "-addext", f"subjectAltName={host}", "-keyout", files[1], "-out", files[0]],
        check=True, capture_output=True,
    )
    return files
