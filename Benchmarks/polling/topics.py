"""Ten thousand topics on one process, beside a bare libcurl loop that asks as often and looks at nothing."""

import http.client
import re
import time
import urllib.request

from processes import Talker, free_port, machine_cpu
from servers import Pushbridge, Server

TOPICS = 10000
CONNECTIONS = 60


class PollLoop(Server):
    """The limit."""

    name = "limit"

    def start(self, interval):
        backend = free_port()
        self.source = self.talk("endpoint", "poll", backend)
        self.server = self.talk("pollloop", backend, TOPICS, interval, CONNECTIONS)

    def polls(self):
        self.server.tell("report")
        return self.server.hear_values(10)["polls"]


class Bridge(Pushbridge):
    """Topics that are asked for once and polled on for an hour."""

    def start(self, interval):
        backend = free_port()
        self.admin = free_port()
        self.source = self.talk("endpoint", "poll", backend)
        self.serve(
            {"path": "/t/{topic}", "poll": {"url": f"http://127.0.0.1:{backend}/t/{{topic}}", "interval": f"{interval}ms",
                                            "linger": "1h"}},
            admin={"host": "127.0.0.1", "port": self.admin}, upstream={"connections": CONNECTIONS, "requestsPerSecond": 100000})
        time.sleep(0.5)
        self.empty = self.server.memory_kib()
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        for topic in range(TOPICS):
            connection.request("GET", f"/t/{topic}")
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"topic {topic}: {answer.status}")
        connection.close()

    def polls(self):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        text = opener.open(f"http://127.0.0.1:{self.admin}/metrics", timeout=10).read().decode()
        return sum(float(value) for value in re.findall(r"^pushbridge_polls_total\{.*\} (.*)$", text, re.M))


def window(server, seconds):
    time.sleep(2)
    polls, cpu, machine, began = server.polls(), server.server.cpu(), machine_cpu(), time.monotonic()
    source = server.source.cpu()
    time.sleep(seconds)
    polls, cpu = server.polls() - polls, server.server.cpu_since(cpu)
    wall = time.monotonic() - began
    return {"polls": polls / wall, "per_core": polls / cpu, "cpu": cpu / polls * 1e6,
            "strangers": max(0, machine_cpu() - machine - cpu - server.source.cpu_since(source)) / wall * 100}


def measure(setting, out, quick):
    seconds, interval = (4, 2000) if quick else (10, 2000)
    rows, limits = [], {}
    for make in (PollLoop, Bridge):
        server = make(setting)
        try:
            out.progress(f"topics: {server.name}")
            server.start(interval)
            # Bodies that are the same, then ones that are new each time.
            for what, size, command in (("same, 200 B", 200, None), ("new, 200 B", 200, "go 200 1"), ("new, 5 KB", 5000, "go 5000 1")):
                if command:
                    server.source.tell(command)
                    time.sleep(interval / 1000 + 1)
                result = out.undisturbed(lambda: window(server, seconds))
                memory = ""
                if make is Bridge and not command:
                    memory = f"{(server.server.memory_kib() - server.empty) / TOPICS:.1f}"
                elif make is Bridge:
                    memory = f"{(server.server.memory_kib() - server.empty) / TOPICS:.1f} with history"
                limits.setdefault(what, result["per_core"])
                rows.append([what, server.name, f"{result['polls']:.0f}", f"{result['cpu']:.1f}", f"{result['per_core']:.0f}",
                             f"{result['per_core'] / limits[what]:.2f}", memory, f"{result['strangers']:.0f} %"])
        except Exception as error:
            out.note(f"topics with {server.name}: {error}")
        finally:
            server.end()
    rows.sort(key=lambda row: list(limits).index(row[0]))
    out.table(f"{TOPICS} topics, each polled every {interval / 1000:g} s over {CONNECTIONS} connections",
              ["body", "poller", "polls/s", "µs CPU", "polls/s a core", "× limit", "KiB a topic", "strangers"], rows)
