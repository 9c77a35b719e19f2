"""The example vnc, as a person sees it."""

import subprocess

from playwright.sync_api import expect

from desktops import DesktopTest
from examples import ExampleTest
from services import free_port


class VNCTests(ExampleTest, DesktopTest):
    def password_file(self, password):
        """A password as VNC servers keep it: by DES, with a key that is no secret."""
        obfuscated = subprocess.run(
            ["openssl", "enc", "-des-ecb", "-nopad", "-nosalt", "-K", "e84ad660c4721ae0", "-provider", "legacy", "-provider", "default"],
            input=password.encode().ljust(8, b"\0"), capture_output=True, check=True).stdout
        file = self.folder / "password"
        file.write_bytes(obfuscated)
        return str(file)

    def test_a_desktop_is_seen_and_followed(self):
        port, paint = self.desktop("#c03060")
        page = self.page(self.example("vnc", {5901: port}))
        expect(page.locator("#state")).to_have_text("connected")
        self.shows_desktop(page, "#c03060")
        paint("#208040")
        self.shows_desktop(page, "#208040")
        page.locator("#desktop canvas").click()
        page.keyboard.press("k")
        self.hears("ButtonPress", "(keysym 0x6b, k)")
        # One by one: the X server maps such a character to a key when it comes, and xev may look a moment later.
        for character, heard in [("Ü", "(keysym 0xdc, Udiaeresis)"), ("€", "20ac,")]:
            page.get_by_label("Keyboard").type(character)
            self.hears(heard)
        page.get_by_label("Keyboard").press("Enter")
        self.hears("(keysym 0xff0d, Return)")
        page.get_by_role("button", name="Disconnect").click()
        expect(page.locator("#state")).to_have_text("not connected")
        page.get_by_role("button", name="Connect").click()
        self.shows_desktop(page, "#208040")

    def test_a_password_is_asked_for(self):
        port, _ = self.desktop("#4060c0", "-SecurityTypes", "VncAuth", "-PasswordFile", self.password_file("secret"))
        page = self.page(self.example("vnc", {5901: port}))
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Go on").click()
        expect(page.locator("#notice")).to_contain_text("The desktop refuses")
        page.get_by_role("button", name="Connect").click()
        page.get_by_label("Password").fill("secret")
        page.get_by_role("button", name="Go on").click()
        self.shows_desktop(page, "#4060c0")
        expect(page.locator("#notice")).to_be_hidden()

    def test_what_is_missing_is_named(self):
        port = free_port()
        url = self.example("vnc", {5901: port})
        page = self.page(url)
        expect(page.locator("#notice")).to_contain_text("apt-get install tigervnc-standalone-server")
        self.desktop("#c03060", port=port)
        page.get_by_role("button", name="Connect").click()
        self.shows_desktop(page, "#c03060")
        # Without noVNC.
        bare = self.page("about:blank", expected_errors="Failed to load resource.*404")
        bare.route("**/novnc/**", lambda route: route.fulfill(status=404))
        bare.goto(url)
        expect(bare.locator("#notice")).to_contain_text("apt-get install novnc")
