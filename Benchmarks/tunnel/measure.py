"""Tunnel: an echo behind each relay."""

import shutil

from processes import Talker, free_port, machine_cpu, wait_for_port
from servers import Pushbridge, Server

# Name, bytes of a message, messages in flight on a connection, connections.
LOADS = [("64 KiB, 16 in flight", 65536, 16, 1), ("128 B ping-pong", 128, 1, 1), ("50 × 1 KiB", 1024, 1, 50)]


class Direct(Server):
    """No relay at all."""

    name = "none"
    path = "raw"

    def relay(self, echo):
        self.port, self.path, self.server = echo, "raw", None


class HAProxy(Server):
    """TCP mode, one thread: a relay that knows nothing of WebSocket."""

    name = "haproxy"

    @staticmethod
    def is_missing():
        return not shutil.which("haproxy")

    def relay(self, echo):
        self.path = "raw"
        configuration = self.setting.write(f"haproxy-{self.port}.cfg", f"""
global
    nbthread 1
defaults
    mode tcp
    timeout connect 5s
    timeout client 60s
    timeout server 60s
listen tunnel
    bind 127.0.0.1:{self.port}
    server echo 127.0.0.1:{echo}
""")
        self.server = self.run(["haproxy", "-db", "-f", configuration])
        wait_for_port(self.port)


class Websockify(Server):
    name = "websockify"

    @staticmethod
    def is_missing():
        return not shutil.which("websockify")

    def relay(self, echo):
        self.path = "/"
        self.server = self.run(["websockify", f"127.0.0.1:{self.port}", f"127.0.0.1:{echo}"])
        wait_for_port(self.port)


class PushbridgeTunnel(Pushbridge):
    def relay(self, echo):
        self.path = "/tunnel"
        self.serve({"path": self.path, "tunnel": {"to": f"tcp://127.0.0.1:{echo}"}})


def run(setting, server, backend, load, seconds):
    _, size, in_flight, connections = load
    client = Talker([setting.program("client"), server.path, str(server.port), str(size), str(in_flight), str(connections),
                     str(seconds)], setting.log("client"))
    try:
        if client.hear(10) != "ready":
            raise RuntimeError("the client is not ready")
        before = server.server.cpu() if server.server else {}
        backend_before, others = backend.cpu(), machine_cpu()
        client.tell("go")
        result = client.hear_values(seconds + 15)
        result["cpu"] = server.server.cpu_since(before) if server.server else 0.0
        ours = result["cpu"] + backend.cpu_since(backend_before) + result["load"] / 100 * result["wall"]
        result["strangers"] = max(0, machine_cpu() - others - ours) / result["wall"] * 100
        return result
    finally:
        client.end()


def measure(setting, out, quick):
    seconds, rounds = (1.5, 1) if quick else (2, 2)
    makers = [Direct, HAProxy, PushbridgeTunnel] + ([] if Websockify.is_missing() else [Websockify])
    if HAProxy.is_missing():
        makers.remove(HAProxy)
        out.note("haproxy is not installed")
    relays, table = [], []
    echo = Server(setting)
    try:
        port = free_port()
        backend = echo.talk("echo", port)
        for make in makers:
            relay = make(setting)
            relays.append(relay)
            relay.relay(port)
        for load in LOADS:
            for _ in range(rounds):
                for relay in relays:
                    try:
                        result = out.undisturbed(lambda: run(setting, relay, backend, load, seconds))
                    except RuntimeError as error:
                        out.note(f"{relay.name}, {load[0]}: {error}")
                        continue
                    gigabytes = result["payload"] / 1e9
                    table.append([
                        load[0], relay.name, f"{result['payload'] / 1e6 / result['wall']:.1f}",
                        f"{result['messages'] / result['wall']:.0f}", f"{result['p50']:.3f}", f"{result['p99']:.3f}",
                        f"{result['cpu'] / gigabytes:.2f}" if relay.server else "", f"{result['load']:.0f} %",
                        f"{result['strangers']:.0f} %"])
                    out.progress(f"{relay.name}, {load[0]}: {table[-1][2]} MB/s, p50 {table[-1][4]} ms")
    finally:
        for relay in relays:
            relay.end()
        echo.end()
    order = [load[0] for load in LOADS]
    names = [relay.name for relay in relays]
    table.sort(key=lambda row: (order.index(row[0]), names.index(row[1])))
    out.table("Tunnel: echo through a relay (CPU of the relay; a GB that was echoed passed it twice)",
              ["load", "relay", "MB/s", "messages/s", "p50 ms", "p99 ms", "CPU s/GB", "load side", "strangers"], table)
