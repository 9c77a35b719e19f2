"""The dashboard, as an operator sees it."""

import json
import re
import signal
import subprocess

from playwright.sync_api import expect
from websockets.sync.client import connect

from examples import ExampleTest
from services import PROGRAM


def tile(page, name):
    return page.locator(f'#numbers [data-name="{name}"] dd').first


class DashboardTests(ExampleTest):
    def setUp(self):
        super().setUp()
        ports = self.demo_services()
        self.echo = f"127.0.0.1:{ports[7007]}"
        file = self.folder / "config.json"
        file.write_text(json.dumps({
            "listen": [{"port": 0}], "admin": {"host": "127.0.0.1", "port": 0}, "drain": "100ms",
            "routes": [
                {"path": "/quotes", "poll": {"url": f"http://127.0.0.1:{ports[8081]}/legacy/quotes", "interval": "200ms"}},
                {"path": "/nobody", "poll": {"url": "http://127.0.0.1:9/", "interval": "200ms"}},
                {"path": "/echo", "tunnel": {"to": f"tcp://{self.echo}"}},
            ],
        }))
        self.process = self.start(PROGRAM, "serve", "--config", str(file), stdout=subprocess.PIPE)
        self.clients = self.ready(self.process).replace("http://", "ws://")
        self.admin = self.ready(self.process).removesuffix(" (admin)")

    def client(self, path, **options):
        opening = connect(self.clients + path, compression=None, proxy=None, **options)
        client = opening.__enter__()
        self.addCleanup(opening.__exit__, None, None, None)
        return client

    def numbers_change(self, page):
        """Connections, deliveries, topics and tunnels come to be seen, and go on."""
        subscribers = [self.client("/quotes", subprotocols=["pushbridge.v1"]) for _ in range(2)]
        tunnel = self.client("/echo")
        tunnel.send(b"x" * 2048)
        while len(tunnel.recv(60)) == 0:
            pass
        expect(tile(page, "Connections")).to_have_text("3")
        expect(page.locator("#connections")).to_contain_text("pushbridge.v1")
        topic = page.locator("#topics tr", has_text="/quotes")
        expect(topic).to_contain_text("live")
        expect(topic.locator('[data-head="Subscribers"]')).to_have_text("2")
        expect(topic.locator('[data-head="Last patch"]')).to_have_text(re.compile(r"^[\d.]+ (B|KiB)$"))
        expect(page.locator("#tunnels tr", has_text=self.echo)).to_contain_text("2.0 KiB")
        expect(page.locator("#tunnelRoutes tr", has_text="/echo")).to_contain_text("2.0 KiB")
        expect(tile(page, "Push latency, median")).to_have_text(re.compile(r"\d ms$"))
        expect(tile(page, "Upstream bytes saved")).to_have_text(re.compile(r"[1-9]\d*\.\d (KiB|MiB)$"))
        for name in ["Upstream requests made", "Upstream requests saved"]:
            before = tile(page, name).text_content()
            expect(tile(page, name)).not_to_have_text(before)
        self.until(page, "() => document.querySelector('#deliveries .curve') !== null")
        expect(tile(page, "Deliveries per second")).not_to_have_text("0.0")
        for one in [*subscribers, tunnel]:
            one.close()
        expect(tile(page, "Connections")).to_have_text("0")
        expect(page.locator("#tunnels")).to_contain_text("No tunnel is open.")

    def test_numbers_change_over_the_bridge_s_own_websocket(self):
        page = self.page(self.admin)
        expect(page.locator("#state")).to_have_text("live")
        expect(page.locator("#topics")).to_contain_text("nobody listens")
        self.numbers_change(page)

    def test_numbers_change_without_a_websocket(self):
        context = self.browser().new_context()
        self.addCleanup(context.close)
        context.add_init_script("delete window.WebSocket")
        page = context.new_page()
        page.goto(self.admin)
        expect(page.locator("#state")).to_have_text("live by server-sent events")
        self.numbers_change(page)

    def test_an_upstream_that_fails_and_a_bridge_that_ends_are_told_of(self):
        page = self.page(self.admin, expected_errors="net::ERR_|WebSocket connection to|Failed to load resource")
        self.client("/nobody", subprotocols=["pushbridge.v1"])
        expect(page.locator("#topics tr", has_text="/nobody")).to_contain_text("waiting: ")
        self.process.send_signal(signal.SIGTERM)
        expect(page.locator("#state")).to_contain_text("the bridge does not answer")

    def test_nothing_is_cut_off_on_a_phone(self):
        page = self.page(self.admin, viewport={"width": 390, "height": 844})
        self.client("/quotes", subprotocols=["pushbridge.v1"])
        self.client("/echo")
        expect(page.locator("#topics")).to_contain_text("/quotes")
        expect(page.locator("#tunnels")).to_contain_text(self.echo)
        self.assertEqual(page.evaluate("document.documentElement.scrollWidth"), 390)
        self.assertEqual(page.evaluate("""() => [...document.querySelectorAll('main *')]
            .filter((one) => one.getBoundingClientRect().right > 390.5).map((one) => one.outerHTML)"""), [])
