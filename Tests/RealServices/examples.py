"""What the tests of the examples share: an example's bridge beside the demo's services, and pages in Chromium."""

import pathlib
import re
import shutil
import subprocess

from playwright.sync_api import expect, sync_playwright

from services import DEADLINE, PROGRAM, ServiceTest

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"

expect.set_options(timeout=DEADLINE * 1000)


class ExampleTest(ServiceTest):
    """A test that opens pages; what a page writes to the console as an error fails it."""

    def setUp(self):
        super().setUp()
        self.need("chromium")

    def demo_services(self, legacy=0):
        """Starts the demo's legacy API and TCP services; gives {usual port: real port}."""
        ports = ["--legacy-port", str(legacy), "--echo-port", "0", "--chat-port", "0"]
        self.services_process = process = self.start(PROGRAM, "demo", "--services-only", *ports, stdout=subprocess.PIPE)
        legacy = process.stdout.readline().decode()
        tcp = process.stdout.readline().decode()
        numbers = re.findall(r":(\d+)", legacy)[:1] + re.findall(r":(\d+)", tcp)
        self.assertEqual(len(numbers), 3, legacy + tcp + self.logs())
        return dict(zip([8081, 7007, 7008], map(int, numbers)))

    def example(self, name, ports=None):
        """Starts an example as its folder has it, beside the services that it names; gives its http:// address.

        Services listen on free ports, so that tests run beside whatever else does: the copy of the configuration says
        where. `ports` ({usual: real}) tells it of services that the test itself has started.
        """
        folder = self.folder / "examples"
        shutil.copytree(EXAMPLES, folder, dirs_exist_ok=True)
        file = folder / name / "config.json"
        text = re.sub(r'("port": )8080\b', r"\g<1>0", file.read_text())
        if any(f":{port}" in text and port not in (ports or {}) for port in [8081, 7007, 7008]):
            ports = self.demo_services() | (ports or {})
        for usual, port in (ports or {}).items():
            text = re.sub(rf":{usual}\b", f":{port}", text)
        file.write_text(text)
        self.bridge_process = self.start(PROGRAM, "serve", "--config", str(file), stdout=subprocess.PIPE)
        return self.ready(self.bridge_process)

    def browser(self):
        """A Chromium that ends with the test."""
        if not hasattr(self, "_browser"):
            playwright = sync_playwright().start()
            self.addCleanup(playwright.stop)
            self._browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            self.addCleanup(self._browser.close)
        return self._browser

    def page(self, url, expected_errors="(?!)", **options):
        """Opens a page as a person of its own would; errors on its console that do not match fail the test."""
        context = self.browser().new_context(**options)
        self.addCleanup(context.close)
        page = context.new_page()
        errors = []
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))

        def check():
            unexpected = [error for error in errors if not re.search(expected_errors, error)]
            self.assertEqual(unexpected, [], "errors on the console of the page")

        self.addCleanup(check)
        page.goto(url, timeout=DEADLINE * 1000)
        return page

    def until(self, page, expression, argument=None):
        """Waits until a JavaScript expression is true in the page, and gives its value."""
        return page.wait_for_function(expression, arg=argument, timeout=DEADLINE * 1000).json_value()
