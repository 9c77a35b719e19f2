"""What systemd does for a service: service_manager.py PROGRAM CONFIGURATION.

Passes a listening socket named "public" as descriptor 3 and prints what the program says on NOTIFY_SOCKET: a line for
each datagram, with | for its line breaks. Of the words of standard input `reload` and `stop` become signals, and `spoil`
breaks the configuration. PORT in the configuration's text is the socket's port.
"""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading

program, text = sys.argv[1:]
folder = pathlib.Path(tempfile.mkdtemp(prefix="pushbridge-"))
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind(str(folder / "notify"))
listener = socket.create_server(("127.0.0.1", 0))
(folder / "config.json").write_text(text.replace("PORT", str(listener.getsockname()[1])))


def say(line):
    print(line, flush=True)


say(f"port {listener.getsockname()[1]}")
# The shell's process becomes the program, so that its number is known before it starts.
child = subprocess.Popen(
    ["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$0" serve --config "$1" 3<&%d' % listener.fileno(), program,
     str(folder / "config.json")],
    env={
        "PATH": "/usr/bin:/bin",
        "LISTEN_FDS": "1",
        "LISTEN_FDNAMES": "public",
        "NOTIFY_SOCKET": str(folder / "notify"),
        "WATCHDOG_USEC": "400000",
    },
    pass_fds=[listener.fileno()],
)


def report():
    while (datagram := notify.recv(4096)) != b"end":
        say("notify " + datagram.decode().replace("\n", "|"))


reporter = threading.Thread(target=report, daemon=True)
reporter.start()
for word in map(str.strip, sys.stdin):
    if word == "spoil":
        (folder / "config.json").write_text("{")
    else:
        child.send_signal({"reload": signal.SIGHUP, "stop": signal.SIGTERM}[word])
    if word == "stop":
        break
code = child.wait()
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"end", notify.getsockname())
reporter.join()
say(f"exit {code}")
