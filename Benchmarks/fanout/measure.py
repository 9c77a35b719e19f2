"""Broadcast: one update to many subscribers."""

import time

from processes import Talker, machine_cpu
from servers import Limit, LimitRing, Nchan, Pushbridge, PushbridgeWithoutRing, Pushpin

# Subscribers, and milliseconds between updates: 10 000 deliveries a second at every size.
SIZES = [(1000, 100), (5000, 500), (10000, 1000)]
BYTES = [200, 20000]


class Subscribers:
    def __init__(self, setting, server, count):
        self.talker = Talker([setting.program("subscribers"), str(server.port), server.path, str(count)],
                             setting.log("subscribers"))
        self.count = count

    def wait_until_connected(self, seconds=60):
        self.connecting = self.talker.hear_values(seconds)
        if self.connecting["failed"]:
            raise RuntimeError(f"{self.connecting['failed']:.0f} of {self.count} connections failed")

    def begin(self):
        self.talker.tell("begin")

    def report(self):
        self.talker.tell("report")
        return self.talker.hear_values(10)

    def end(self):
        self.talker.end()


def settle(server, seconds=8):
    """Waits until the server has done what connections or an earlier window left it to do."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        before = server.server.cpu()
        time.sleep(0.25)
        if server.server.cpu_since(before) < 0.02:
            return


def window(server, subscribers, size, interval, seconds):
    """One measurement: idle for a while, then updates. CPU is what the updates cost beyond the idle time."""
    settle(server)
    before, began = server.server.cpu(), time.monotonic()
    time.sleep(min(1.0, seconds / 2))
    idle = server.server.cpu_since(before) / (time.monotonic() - began)

    server.source.tell(f"go {size} {interval}")
    time.sleep(1.5 * interval / 1000)
    subscribers.begin()
    before, began, others = server.server.cpu(), time.monotonic(), machine_cpu()
    ours = [process for process in server.processes if process is not server.server] + [subscribers.talker]
    ours_before = [process.cpu() for process in ours]
    time.sleep(seconds)
    result = subscribers.report()
    wall = time.monotonic() - began
    cpu = server.server.cpu_since(before)
    ours_cpu = sum(process.cpu_since(b) for process, b in zip(ours, ours_before))
    result["strangers"] = max(0, machine_cpu() - others - cpu - ours_cpu) / wall * 100
    server.source.tell("stop")
    deliveries = result["deliveries"]
    result["cpu"] = (cpu - idle * wall) / deliveries * 1e6 if deliveries else float("nan")
    result["wall"] = wall
    result["missing"] = deliveries < 0.9 * subscribers.count * (seconds * 1000 / interval - 1)
    return result


def servers_to_measure(setting):
    yield "limit", Limit
    if not LimitRing.is_missing(setting):
        yield "limit, io_uring", LimitRing
    yield "pushbridge", Pushbridge
    yield "pushbridge without io_uring", PushbridgeWithoutRing
    for server in (Nchan, Pushpin):
        if not server.is_missing():
            yield server.name, server


def measure(setting, out, quick):
    seconds = 2 if quick else 5
    rows = []
    for count, interval in SIZES[:2] if quick else SIZES:
        for name, make in servers_to_measure(setting):
            server, subscribers = make(setting), None
            try:
                server.start(interval)
                # What a server loads and sets up for its first connection is no cost of each of them.
                first = Subscribers(setting, server, 1)
                first.wait_until_connected()
                settle(server)
                first.end()
                empty = server.server.memory_kib()
                subscribers = Subscribers(setting, server, count)
                subscribers.wait_until_connected()
                settle(server)
                memory = (server.server.memory_kib() - empty) / count
                for size in BYTES:
                    result = out.undisturbed(lambda: window(server, subscribers, size, interval, seconds))
                    result |= {"name": name, "count": count, "size": size, "memory": memory,
                               "connect_rate": subscribers.connecting["rate"], "connect_p99": subscribers.connecting["p99"]}
                    rows.append(result)
                    out.progress(f"{name} {count} × {size} B: {result['cpu']:.1f} µs a delivery")
            except Exception as error:
                out.note(f"{name} with {count} subscribers: {error}")
            finally:
                if subscribers:
                    subscribers.end()
                server.end()
    broadcast_table(out, rows)
    memory_table(out, rows)
    return rows


def broadcast_table(out, rows):
    limits = {(row["count"], row["size"]): row["cpu"] for row in rows if row["name"] == "limit"}
    table = []
    for count, size in sorted({(row["count"], row["size"]) for row in rows}, key=lambda key: (key[1], key[0])):
        for row in rows:
            if (row["count"], row["size"]) != (count, size):
                continue
            limit = limits.get((count, size))
            table.append([
                f"{size} B", f"{count}", row["name"], f"{row['cpu']:.1f}", f"{row['cpu'] / limit:.2f}" if limit else "",
                f"{row['p50']:.1f}", f"{row['p99']:.1f}", f"{row['max']:.1f}",
                f"{row['complete']:.0f}/{row['updates']:.0f}", f"{row['deliveries']:.0f}" + ("!" if row["missing"] else ""),
                f"{row['busy']:.0f} %" + ("!" if row["busy"] > 90 else ""), f"{row['strangers']:.0f} %"])
    out.table("Broadcast: what a delivery costs, and how long an update's last delivery takes",
              ["size", "subscribers", "server", "µs CPU", "× limit", "p50 ms", "p99 ms", "max ms", "complete", "deliveries",
               "load side", "strangers"], table)


def memory_table(out, rows):
    table = [[f"{row['count']}", row["name"], f"{row['memory']:.1f}", f"{row['connect_rate']:.0f}", f"{row['connect_p99']:.1f}"]
             for row in rows if row["size"] == BYTES[0]]
    out.table("Idle connections: memory of each, and how fast they were made",
              ["connections", "server", "KiB each", "connects/s", "p99 ms"], table)


def scaling(setting, out, quick):
    """One event loop and two."""
    seconds = 2 if quick else 5
    count, interval = (5000, 500) if quick else (10000, 1000)
    table = []
    for loops in (1, 2):
        server, subscribers = Pushbridge(setting, loops), None
        try:
            server.start(interval)
            subscribers = Subscribers(setting, server, count)
            subscribers.wait_until_connected()
            for size in BYTES:
                row = out.undisturbed(lambda: window(server, subscribers, size, interval, seconds))
                table.append([f"{size} B", f"{count}", f"{loops}", f"{row['cpu']:.1f}", f"{row['p50']:.1f}",
                              f"{row['p99']:.1f}", f"{row['busy']:.0f} %", f"{row['strangers']:.0f} %"])
        finally:
            if subscribers:
                subscribers.end()
            server.end()
    out.table("pushbridge with one event loop and with two",
              ["size", "subscribers", "loops", "µs CPU", "p50 ms", "p99 ms", "load side", "strangers"], sorted(table))


def newcomers(setting, out, quick):
    """2 000 connect while 5 000 receive updates."""
    count, interval = 5000, 500
    table = []
    for name, make in servers_to_measure(setting):
        server, subscribers, more = make(setting), None, None
        try:
            server.start(interval)
            subscribers = Subscribers(setting, server, count)
            subscribers.wait_until_connected()
            server.source.tell(f"go 200 {interval}")
            time.sleep(1)
            more = Subscribers(setting, server, 2000)
            more.wait_until_connected()
            new = more.connecting
            table.append([name, f"{new['rate']:.0f}", f"{new['p50']:.1f}", f"{new['p99']:.1f}", f"{new['max']:.1f}"])
        except Exception as error:
            out.note(f"{name}, newcomers: {error}")
        finally:
            for load in (subscribers, more):
                if load:
                    load.end()
            server.end()
    out.table("2 000 newcomers while 5 000 subscribers receive 200 B every 0.5 s",
              ["server", "connects/s", "p50 ms", "p99 ms", "max ms"], table)
