"""Runs the benchmark and prints its tables. Called by scripts/benchmark, which builds the programs."""

import argparse
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from fanout import measure as fanout  # noqa: E402
from processes import machine_cpu  # noqa: E402
from servers import Nchan, Pushpin, Setting  # noqa: E402


def strangers_now():
    """Per cent of a CPU that is in use, over half a second in which the benchmark itself does nothing."""
    before = machine_cpu()
    time.sleep(0.5)
    return (machine_cpu() - before) / 0.5 * 100


class Output:
    """Tables in Markdown on standard output, progress on standard error."""

    def __init__(self, patience):
        self.began = time.monotonic()
        self.patience = patience  # seconds left for repeating what others disturbed

    def undisturbed(self, measure):
        """The result of measure(); again where other programs had too much of the machine and there is time left."""
        while True:
            began = time.monotonic()
            result = measure()
            took = time.monotonic() - began
            if result["strangers"] < 15 or self.patience < took:
                return result
            self.patience -= took
            self.progress(f"other programs had {result['strangers']:.0f} % of a CPU; measuring again when they are done")
            while self.patience > took and strangers_now() > 15:
                self.patience -= 0.5

    def progress(self, text):
        print(f"  [{time.monotonic() - self.began:4.0f} s] {text}", file=sys.stderr, flush=True)

    def note(self, text):
        print(f"\nFAILED: {text}", flush=True)

    def table(self, title, head, rows):
        print(f"\n{title}\n", flush=True)
        widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
        for row in [head, ["-" * width for width in widths], *rows]:
            print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="scripts/benchmark")
    parser.add_argument("--programs", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="fewer sizes and shorter windows: one or two minutes")
    parser.add_argument("--patience", type=float, metavar="SECONDS",
                        help="how long in all to wait for other programs and to measure again; 60 by default, 15 with --quick")
    parser.add_argument("parts", nargs="*", metavar="PART", help="fanout, scaling, newcomers, tunnel, compression, json, topics, events, feeds; all by default")
    parser.add_argument("--recordings", nargs="+", metavar="FOLDER", default=[],
                        help="for compression, json and feeds: folders of a document's versions, 0001.json and so on")
    options = parser.parse_args()
    parts = options.parts or ["fanout", "scaling", "newcomers", "tunnel", "compression", "json", "topics", "events", "feeds"]
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    out = Output((15 if options.quick else 60) if options.patience is None else options.patience)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that everything that was started is ended
    compiler = subprocess.run(["cc", "--version"], capture_output=True, text=True).stdout.splitlines()[0]
    print(f"{os.cpu_count()} CPUs, Linux {platform.release()}, {compiler}, {time.strftime('%Y-%m-%d')}"
          f"{', quick' if options.quick else ''}")
    for server in (Nchan, Pushpin):
        if server.is_missing():
            print(f"{server.name} is not installed and left out")
    with tempfile.TemporaryDirectory(prefix="bridge-benchmark-") as folder:
        setting = Setting(root, options.programs, folder)
        if "fanout" in parts:
            fanout.measure(setting, out, options.quick)
        if "scaling" in parts:
            fanout.scaling(setting, out, options.quick)
        if "newcomers" in parts:
            fanout.newcomers(setting, out, options.quick)
        if "tunnel" in parts:
            from tunnel import measure as tunnel
            tunnel.measure(setting, out, options.quick)
        if "compression" in parts:
            from compression import measure as compression
            if not options.recordings:
                print("\nWithout --recordings FOLDER there is nothing to measure compression on.")
            compression.measure(setting, out, options.recordings)
        if "json" in parts:
            firsts = [os.path.join(folder, name) for folder in options.recordings
                      for name in sorted(os.listdir(folder)) if name == "0001.json"]
            subprocess.run([setting.program("json"), *firsts], check=True)
        if "topics" in parts:
            from polling import topics
            topics.measure(setting, out, options.quick)
        if "events" in parts:
            from polling import events
            events.measure(setting, out, options.quick)
        if "feeds" in parts:
            from compression import feeds
            feeds.measure(setting, out, options.recordings)


main()
