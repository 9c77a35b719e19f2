"""The examples chat and legacy-chat, as two people see them."""

import json
import urllib.request

from playwright.sync_api import expect

from examples import ExampleTest


def say(page, text, name=None):
    if name:
        page.get_by_label("Your name").fill(name)
    page.get_by_label("Message", exact=True).fill(text)
    page.get_by_role("button", name="Send").click()


class ChatTests(ExampleTest):
    def test_two_people_talk_and_a_third_sees_what_was_said(self):
        url = self.example("chat")
        ada, bob = self.page(url), self.page(url)
        for page in [ada, bob]:
            expect(page.locator("#state")).to_have_text("live")
        say(ada, "Hello, <b>Bob</b> & all", name="Ada")
        expect(bob.locator("#messages li")).to_contain_text(["Hello, <b>Bob</b> & all"])
        say(bob, "Hello, Ada", name="Bob")
        for page in [ada, bob]:
            expect(page.locator("#messages b")).to_have_text(["Ada", "Bob"])
        expect(ada.locator("#messages .own")).to_have_count(1)
        expect(ada.locator("#messages .own")).to_contain_text("Hello, <b>Bob</b> & all")
        # The history.
        expect(self.page(url).locator("#messages b")).to_have_text(["Ada", "Bob"])
        # Another room is another room.
        bob.get_by_label("Kitchen").check()
        say(bob, "Is anybody here?")
        expect(bob.locator("#messages li")).to_have_count(1)
        expect(ada.locator("#messages li")).to_have_count(2)


class LegacyChatTests(ExampleTest):
    def test_what_one_posts_the_other_sees_and_a_legacy_client_too(self):
        ports = self.demo_services()
        url = self.example("legacy-chat", ports)
        ada, bob = self.page(url), self.page(url)
        for page in [ada, bob]:
            expect(page.locator("#state")).to_have_text("live")
            expect(page.locator("#messages li")).to_contain_text(["This chat's backend knows only GET and POST."])
        say(ada, "pushed at last", name="Ada")
        for page in [ada, bob]:
            expect(page.locator("#messages li").last).to_contain_text("pushed at last")
        expect(ada.locator("#messages .own")).to_contain_text("pushed at last")
        expect(bob.locator("#messages .own")).to_have_count(0)
        # A client from before the bridge.
        legacy = f"http://127.0.0.1:{ports[8081]}/legacy/chat"
        body = json.dumps({"name": "old client", "text": "still polling"}).encode()
        urllib.request.urlopen(urllib.request.Request(legacy, body), timeout=60).close()
        for page in [ada, bob]:
            expect(page.locator("#messages li").last).to_contain_text("still polling")
        with urllib.request.urlopen(legacy, timeout=60) as answer:
            self.assertIn("pushed at last", answer.read().decode())
        # A refusal of the backend is told, and what was typed is not lost.
        bob.get_by_label("Message", exact=True).evaluate("(input) => input.removeAttribute('maxlength')")
        say(bob, "x" * 501)
        expect(bob.locator("#trouble")).to_contain_text("At most")
        expect(bob.get_by_label("Message", exact=True)).to_have_value("x" * 501)
