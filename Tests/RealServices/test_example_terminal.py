"""The example terminal, as a person sees it."""

import fcntl
import os
import pty
import re
import select
import signal
import socket
import struct
import termios
import threading

from playwright.sync_api import expect

from examples import ExampleTest
from services import DEADLINE

SHOWN = "() => document.getElementById('screen').innerText"

# Full-screen, as editors are: a frame, a colour, a key that is read, and the screen as it was at the end.
PROGRAM = r"""
import curses

def main(screen):
    curses.curs_set(0)
    curses.start_color()
    curses.init_pair(1, curses.COLOR_RED, curses.COLOR_BLACK)
    screen.box()
    screen.addstr(2, 4, "Grüße 日本", curses.color_pair(1))
    screen.refresh()
    while True:
        key = screen.getch()
        screen.addstr(3, 4, "key " + curses.keyname(key).decode() + "      ")
        screen.refresh()
        if key == ord("q"):
            return

curses.wrapper(main)
print("the program has ended")
"""


class Shell:
    """A shell on a terminal of its own, for one connection on loopback. It ends with the test."""

    def __init__(self, columns, rows, folder):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.size, self.folder = (columns, rows), folder
        self.child = None
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        self.listener.settimeout(DEADLINE)
        try:
            connection, _ = self.listener.accept()
        except OSError:
            return
        environment = {"TERM": "xterm-256color", "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "PS1": "$ ", "HOME": str(self.folder)}
        self.child, terminal = pty.fork()
        if self.child == 0:
            os.chdir(self.folder)
            os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], environment)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", self.size[1], self.size[0], 0, 0))
        with connection:
            while True:
                ready, _, _ = select.select([connection, terminal], [], [])
                try:
                    if terminal in ready:
                        connection.sendall(os.read(terminal, 65536))
                    if connection in ready:
                        data = connection.recv(65536)
                        if not data:
                            break
                        os.write(terminal, data)
                except OSError:
                    break
        os.close(terminal)

    def end(self):
        self.listener.close()
        if self.child:
            os.kill(self.child, signal.SIGHUP)
            os.waitpid(self.child, 0)
        self.thread.join(DEADLINE)


class TerminalTests(ExampleTest):
    def shows(self, page, *words):
        for word in words:
            self.until(page, f"(word) => ({SHOWN})().includes(word)", word)

    def test_two_talk_line_by_line(self):
        url = self.example("terminal")
        ada, bob = self.page(url), self.page(url)
        for page, name in [(ada, "Ada"), (bob, "Bob")]:
            expect(page.locator("#state")).to_have_text("connected")
            self.shows(page, "Welcome")
            page.keyboard.type(f"/nick {name}\n")
            self.shows(page, f"is now {name}")
        # A line that is being typed stays below what the others say meanwhile.
        ada.keyboard.type("Half of a")
        bob.keyboard.type("Here I am, mistyped")
        bob.keyboard.press("Control+w")
        bob.keyboard.type("Ada\n")
        self.shows(ada, "<Bob> Here I am, Ada")
        self.assertTrue(ada.evaluate(SHOWN).rstrip().endswith("\nHalf of a"), ada.evaluate(SHOWN))
        ada.keyboard.type(" line\n")
        self.shows(bob, "<Ada> Half of a line")

    def test_keys_are_sent_at_once(self):
        page = self.page(self.example("terminal"))
        page.get_by_label("echo").check()
        expect(page.get_by_label("key by key")).to_be_checked()
        expect(page.locator("#title")).to_have_text("/tcp/echo")
        expect(page.locator("#state")).to_have_text("connected")
        page.keyboard.type("abc")
        # The echo sends back what the key sends: the terminal moves its cursor.
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        page.keyboard.type("X")
        self.until(page, f"() => ({SHOWN})().startsWith('aXc')")

    def test_a_shell_and_a_full_screen_program(self):
        # The terminal has no way to tell its size through TCP; the shell is told before.
        size = self.page(self.example("terminal")).locator("#size").inner_text()
        shell = Shell(*map(int, size.split("×")), self.folder)
        self.addCleanup(shell.end)
        (self.folder / "program.py").write_text(PROGRAM)
        page = self.page(self.example("terminal", {7007: shell.port}))
        page.get_by_label("echo").check()
        self.shows(page, "$ ")
        page.keyboard.type("printf '\\e[1;34mblue\\e[0m and plain\\n'; echo $((6*7)); stty size\n")
        self.shows(page, "blue and plain\n42\n" + " ".join(reversed(size.split("×"))))
        blue = page.locator("#screen span", has_text=re.compile("^blue$"))
        self.assertEqual(blue.evaluate("(span) => span.style.color"), "var(--colour-12)")
        page.keyboard.type("python3 program.py\n")
        self.shows(page, "Grüße 日本", "┌", "┘")
        self.assertNotIn("42", page.evaluate(SHOWN))
        page.keyboard.press("ArrowUp")
        self.shows(page, "key KEY_UP")
        page.keyboard.press("F5")
        self.shows(page, "key KEY_F(5)")
        page.keyboard.press("q")
        self.shows(page, "blue and plain\n42", "the program has ended")
        # It says that it is there: an interrupt that comes before leaves the shell to begin it.
        page.keyboard.type("seq 1 500; sh -c 'echo asleep; exec sleep 600'\n")
        self.shows(page, "\n499\n500\nasleep")
        # What has scrolled away can be scrolled back to.
        self.assertIn("\n17\n", page.evaluate("() => document.getElementById('history').innerText"))
        page.keyboard.press("Control+c")
        self.shows(page, "^C\n$")
        page.keyboard.type("exit\n")
        self.shows(page, "Enter connects again")
        expect(page.locator("#state")).to_have_text("not connected")

    def test_a_service_that_is_not_there_is_named(self):
        silent = socket.socket()
        silent.bind(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        page = self.page(self.example("terminal", {7008: silent.getsockname()[1]}))
        self.shows(page, "Enter connects again")
        expect(page.locator("#state")).to_have_text("not connected")
        silent.listen()
        page.keyboard.press("Enter")
        expect(page.locator("#state")).to_have_text("connected")
