"""What the tests of VNC share: an X server of one colour that is seen by VNC."""

import pathlib
import subprocess

from services import ServiceTest, eventually, free_port, port_answers


class DesktopTest(ServiceTest):
    def desktop(self, colour, *options, port=None):
        """Starts a desktop of 320 × 240 pixels; gives the port of its VNC server, and what paints it."""
        self.need("Xvnc", "xsetroot", "xev", "chromium")
        if not pathlib.Path("/usr/share/novnc/core/rfb.js").exists():
            self.skipTest("noVNC is not installed; scripts/test-real installs it")
        port = port or free_port()
        display = next(n for n in range(60, 200) if not pathlib.Path(f"/tmp/.X11-unix/X{n}").exists())
        self.start("Xvnc", f":{display}", "-rfbport", str(port), "-localhost", "-geometry", "320x240", "-depth", "24",
                   *(options or ["-SecurityTypes", "None"]))
        port_answers(port)

        def paint(colour):
            eventually("display", lambda: subprocess.run(
                ["xsetroot", "-display", f":{display}", "-solid", colour], capture_output=True).returncode == 0)

        paint(colour)
        self.start("xev", "-display", f":{display}", "-root", "-event", "keyboard", "-event", "button")
        return port, paint

    def hears(self, *words):
        """Waits until the desktop was told of events whose descriptions contain these words."""
        log = self.folder / "xev.log"
        for word in words:
            eventually(f"event {word}", lambda: word in log.read_text())

    def shows_desktop(self, page, colour):
        """Waits until the picture in the page has the desktop's size and colour."""
        page.wait_for_function(
            """(colour) => {
                const canvas = document.querySelector("canvas");
                if (!canvas || canvas.width !== 320 || canvas.getBoundingClientRect().height < 100) return false;
                const pixel = [...canvas.getContext("2d").getImageData(200, 180, 1, 1).data.slice(0, 3)];
                return colour === "#" + pixel.map((value) => value.toString(16).padStart(2, "0")).join("");
            }""",
            arg=colour,
            timeout=60_000,
        )
