"""Server-sent events as a published benchmark of a comparable product has them: 3 000 users on 100 topics of 50 KB, polled
every half second, of which 20 % changes. Then again beside a tenth as many that have stopped reading."""

import re
import time
import urllib.request

from processes import Talker, free_port, machine_cpu
from servers import Pushbridge

USERS, SLOW, TOPICS, ITEMS = 3000, 300, 100, 470


class Bridge(Pushbridge):
    def start(self):
        backend = free_port()
        self.admin = free_port()
        self.source = self.talk("endpoint", "feed", backend, ITEMS)
        self.serve(
            {"path": "/feed/{topic}", "poll": {"url": f"http://127.0.0.1:{backend}/feed/{{topic}}", "interval": "500ms"}},
            admin={"host": "127.0.0.1", "port": self.admin}, upstream={"requestsPerSecond": 10000})

    def latencies(self):
        """Cumulated counts of push_latency_seconds by upper bound: from a body received to its change written."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        text = opener.open(f"http://127.0.0.1:{self.admin}/metrics", timeout=10).read().decode()
        return {float(bound): float(value) for bound, value in
                re.findall(r'^pushbridge_push_latency_seconds_bucket\{le="(.*)"\} (.*)$', text, re.M)}


def percentile(before, after, share):
    """The bound of the bucket that the percentile is in, in milliseconds."""
    counts = {bound: after[bound] - before[bound] for bound in after}
    total = counts[float("inf")]
    return next(bound for bound in sorted(counts) if counts[bound] >= total * share) * 1000


def window(server, load, seconds):
    before = server.latencies()
    load.tell("begin")
    cpu, machine, began = server.server.cpu(), machine_cpu(), time.monotonic()
    ours = [(process, process.cpu()) for process in (server.source, load)]
    time.sleep(seconds)
    load.tell("report")
    result = load.hear_values(20)
    wall, cpu = time.monotonic() - began, server.server.cpu_since(cpu)
    others = sum(process.cpu_since(used) for process, used in ours)
    after = server.latencies()
    shares = {bound: (after[bound] - before[bound]) / (after[float("inf")] - before[float("inf")]) for bound in after}
    return result | {
        "rate": result["events"] / wall, "busy": cpu / wall * 100, "written50": percentile(before, after, 0.5),
        "written99": percentile(before, after, 0.99), "in10": shares[0.01] * 100,
        "strangers": max(0, machine_cpu() - machine - cpu - others) / wall * 100}


def run(setting, out, quick, slow):
    server = Bridge(setting, loops=1)
    load = None
    try:
        server.start()
        load = Talker([setting.program("events"), str(server.port), str(TOPICS), str(USERS), str(slow)], setting.log("events"))
        if load.hear(60) != "ready":
            raise RuntimeError("the streams did not begin")
        # Time for the slow ones' sockets to fill.
        time.sleep(15 if slow else 2)
        out.progress(f"events: measuring with {slow} slow ones")
        memory = server.server.memory_kib()
        result = out.undisturbed(lambda: window(server, load, 8 if quick else 30))
        return [f"{slow}", f"{result['rate']:.0f}", f"{result['bytes'] / result['events']:.0f}", f"≤ {result['written50']:g}",
                f"≤ {result['written99']:g}", f"{result['in10']:.2f} %", f"{result['p50']:.1f}", f"{result['p99']:.1f}",
                f"{result['max']:.1f}", f"{server.server.memory_kib() - memory:+.0f}", f"{result['busy']:.0f} %",
                f"{result['strangers']:.0f} %"]
    except Exception as error:
        out.note(f"events: {error}")
        return None
    finally:
        if load:
            load.end()
        server.end()


def measure(setting, out, quick):
    rows = [row for row in (run(setting, out, quick, slow) for slow in (0, SLOW)) if row]
    out.table(
        f"{USERS} SSE users on {TOPICS} topics of 50 KB in mode patch, polled each 500 ms, 20 % changing",
        ["slow", "events/s", "B an event", "written p50 ms", "p99 ms", "within 10 ms", "answered → read p50 ms", "p99 ms",
         "max ms", "KiB more", "CPU", "strangers"], rows)
