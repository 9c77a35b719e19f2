"""The example editor, as two people see it."""

import re
import signal
import subprocess

from playwright.sync_api import expect

from examples import ExampleTest
from services import PROGRAM


class EditorTests(ExampleTest):
    def text(self, page):
        return page.get_by_label("The text")

    def type(self, page, place, words):
        """Types behind `place`, as a person does; at the end without one."""
        self.text(page).focus()
        page.evaluate(
            """(place) => {
                const field = document.getElementById('text');
                const end = place === null ? field.value.length : field.value.indexOf(place) + place.length;
                field.setSelectionRange(end, end);
            }""",
            place,
        )
        page.keyboard.type(words)

    def test_two_type_at_once_and_one_comes_late(self):
        url = self.example("editor")
        ada, bob = self.page(url), self.page(url)
        for page, name in [(ada, "Ada"), (bob, "Bob")]:
            expect(page.locator("#state")).to_have_text("live")
            page.get_by_label("Your name").fill(name)
            page.get_by_label("Your name").blur()
        expect(ada.locator("#people li")).to_have_text(["Bob"])
        expect(bob.locator("#people li")).to_have_text(["Ada"])
        self.type(ada, None, "Dear all,\n\nyours")
        expect(self.text(bob)).to_have_value("Dear all,\n\nyours")
        # Both at once, each in its place: carets stay where they are in the text.
        for one, other in zip("the bridge", "sincerely,"):
            if one == "t":
                self.type(ada, "all,\n", one)
                self.type(bob, "yours", other)
            else:
                ada.keyboard.type(one)
                bob.keyboard.type(other)
        for page in [ada, bob]:
            expect(self.text(page)).to_have_value("Dear all,\nthe bridge\nyourssincerely,")
        # What a person sees of the other: the caret, where the other types.
        expect(ada.locator(".caret")).to_have_attribute("data-name", "Bob")
        left = "() => document.getElementById('mirror').textContent.length"
        self.assertEqual(ada.evaluate(left), len("Dear all,\nthe bridge\nyourssincerely,"))
        # Each takes back what it has typed itself.
        ada.keyboard.press("Control+z")
        for page in [ada, bob]:
            expect(self.text(page)).to_have_value("Dear all,\n\nyourssincerely,")
        ada.keyboard.press("Control+Shift+z")
        for page in [ada, bob]:
            expect(self.text(page)).to_have_value("Dear all,\nthe bridge\nyourssincerely,")
        late = self.page(url)
        expect(self.text(late)).to_have_value("Dear all,\nthe bridge\nyourssincerely,")
        expect(late.locator("#people li")).to_have_count(2)

    def test_edits_made_while_apart_come_together(self):
        url = self.example("editor")
        ada, bob = self.page(url), self.page(url)
        self.type(ada, None, "one two three")
        expect(self.text(bob)).to_have_value("one two three")
        bob.get_by_role("button", name="Work offline").click()
        expect(bob.locator("#state")).to_have_text("working offline")
        expect(ada.locator("#people li")).to_have_count(0)
        self.type(bob, "two", " and a half")
        self.type(ada, "one", ",")
        self.type(ada, None, "!")
        expect(self.text(ada)).to_have_value("one, two three!")
        expect(self.text(bob)).to_have_value("one two and a half three")
        bob.get_by_role("button", name="Go online").click()
        for page in [ada, bob]:
            expect(self.text(page)).to_have_value("one, two and a half three!")
        # It was kept in the browser, and comes back when nobody is there to send it.
        for page in [ada, bob]:
            page.get_by_role("button", name="Work offline").click()
        bob.reload()
        expect(self.text(bob)).to_have_value("one, two and a half three!")

    def test_what_two_windows_of_one_browser_could_not_send_is_kept(self):
        url = self.example("editor")
        one = self.page(url)
        other = one.context.new_page()
        other.goto(url)
        for page, words, kept in [(one, "first", 5), (other, "second", 11)]:
            page.get_by_role("button", name="Work offline").click()
            self.type(page, None, words)
            # One edit for each letter.
            self.until(page, "(kept) => JSON.parse(localStorage['pushbridge-editor:notes'] ?? '[]').length >= kept", kept)
        one.close(run_before_unload=False)
        other.close(run_before_unload=False)
        late = self.page(url, storage_state=one.context.storage_state())
        self.until(late, "() => ['firstsecond', 'secondfirst'].includes(document.getElementById('text').value)")

    def test_a_bridge_that_goes_away_and_comes_back_loses_nothing(self):
        url = self.example("editor")
        # Each attempt to reconnect that fails is an error on the console, written by the browser.
        ada, bob = [self.page(url, expected_errors="WebSocket connection to") for _ in range(2)]
        self.type(ada, None, "before ")
        expect(self.text(bob)).to_have_value("before ")
        self.bridge_process.send_signal(signal.SIGKILL)
        self.bridge_process.wait()
        for page in [ada, bob]:
            expect(page.locator("#state")).to_have_text("offline")
        self.type(ada, None, "ada")
        self.type(bob, "", "bob ")
        file = self.folder / "examples/editor/config.json"
        file.write_text(re.sub(r'("port": )0\b', rf"\g<1>{url.rsplit(':', 1)[1]}", file.read_text()))
        self.ready(self.start(PROGRAM, "serve", "--config", str(file), stdout=subprocess.PIPE))
        for page in [ada, bob]:
            expect(self.text(page)).to_have_value("bob before ada")
            expect(page.locator("#state")).to_have_text("live")
