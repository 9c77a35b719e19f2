"""Processes of the benchmark: started on loopback, measured through /proc, ended by their own ids."""

import os
import selectors
import signal
import socket
import subprocess
import time

PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, seconds=15):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"nothing listens on port {port} after {seconds} s")


def process_cpu(pid):
    """Seconds of CPU that a process has used, all threads, also those that have ended.

    The clock that clock_getcpuclockid(3) names: the sum of utime and stime, in nanoseconds instead of ticks.
    """
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def machine_cpu():
    """Seconds of CPU that all processes of the machine have used since it was started."""
    with open("/proc/stat") as file:
        fields = [int(text) for text in file.readline().split()[1:9]]
    idle = fields[3] + fields[4]
    return (sum(fields) - idle) / os.sysconf("SC_CLK_TCK")


class Process:
    """A process that leads a session of its own, and all that it starts in that session."""

    def __init__(self, arguments, log, **options):
        self.name = os.path.basename(arguments[0])
        self.log = log
        with open(log, "ab") as output:
            self.popen = subprocess.Popen(
                arguments, stdin=subprocess.PIPE, stdout=options.pop("stdout", output), stderr=output,
                start_new_session=True, **options)
        self.pid = self.popen.pid

    def members(self):
        pids = []
        for name in os.listdir("/proc"):
            if name.isdigit():
                try:
                    with open(f"/proc/{name}/stat") as file:
                        fields = file.read().rpartition(")")[2].split()
                    if int(fields[3]) == self.pid:
                        pids.append(int(name))
                except (OSError, IndexError):
                    pass
        return pids

    def cpu(self):
        return {pid: process_cpu(pid) for pid in self.members()}

    def cpu_since(self, before):
        return sum(seconds - before.get(pid, 0) for pid, seconds in self.cpu().items())

    def memory_kib(self):
        """VmRSS of all its processes. Pages that they share count once for each."""
        total = 0
        for pid in self.members():
            try:
                with open(f"/proc/{pid}/statm") as file:
                    total += int(file.read().split()[1]) * PAGE_KIB
            except OSError:
                pass
        return total

    def end(self):
        for sign in (signal.SIGTERM, signal.SIGKILL):
            for pid in self.members():
                try:
                    os.kill(pid, sign)
                except ProcessLookupError:
                    pass
            deadline = time.monotonic() + 3
            while time.monotonic() < deadline:
                self.popen.poll()
                if not self.members():
                    self.popen.wait()
                    return
                time.sleep(0.02)


class Talker(Process):
    """One of our own C programs: it takes lines and answers with lines."""

    def __init__(self, arguments, log):
        super().__init__(arguments, log, stdout=subprocess.PIPE, bufsize=0)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.popen.stdout, selectors.EVENT_READ)
        self.buffer = b""

    def tell(self, line):
        self.popen.stdin.write(line.encode() + b"\n")

    def hear(self, seconds):
        """The next line it prints; an error where none comes in time."""
        deadline = time.monotonic() + seconds
        while b"\n" not in self.buffer:
            if not self.selector.select(max(0, deadline - time.monotonic())):
                raise RuntimeError(f"{self.name} said nothing for {seconds} s")
            chunk = os.read(self.popen.stdout.fileno(), 65536)
            if not chunk:
                raise RuntimeError(f"{self.name} ended; see {self.log}")
            self.buffer += chunk
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode()

    def hear_values(self, seconds):
        return {name: float(value) for name, value in (pair.split("=") for pair in self.hear(seconds).split())}
