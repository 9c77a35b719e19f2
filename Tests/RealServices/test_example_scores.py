"""The example scores, as a person sees it."""

import re

from playwright.sync_api import expect

from examples import ExampleTest
from services import eventually

BOARD = "() => [...document.querySelectorAll('#matches tr')].map((row) => row.innerText).join('\\n')"


class ScoresTests(ExampleTest):
    def test_the_board_moves_and_both_feeds_show_the_same(self):
        url = self.example("scores")
        one, other = self.page(url), self.page(url)
        other.get_by_label("XML").check()
        for page, topic in [(one, "/scores/premier"), (other, "/scores-xml/premier")]:
            expect(page.locator("#state")).to_have_text("live")
            expect(page.locator("#topic")).to_have_text(topic)
            expect(page.locator("#matches .score").first).to_have_text(re.compile(r"^(\d+ : \d+|–)$"))
            before = page.evaluate(BOARD)
            self.until(page, f"(before) => ({BOARD})() !== before", before)
        # Each is polled on its own: for a moment one may be ahead.
        eventually("equal boards", lambda: one.evaluate(BOARD) == other.evaluate(BOARD))
        teams = "() => [...document.querySelectorAll('#matches .long')].map((team) => team.textContent).join()"
        premier = other.evaluate(teams)
        other.get_by_label("Serie Aurora").check()
        expect(other.locator("#topic")).to_have_text("/scores-xml/seriea")
        self.until(other, f"(before) => ![before, ''].includes(({teams})())", premier)

    def test_an_api_that_goes_away_is_told_of_and_its_board_stays(self):
        ports = self.demo_services()
        page = self.page(self.example("scores", ports))
        expect(page.locator("#matches tr").first).to_be_visible()
        self.services_process.terminate()
        expect(page.locator("#state")).to_have_text("stale")
        expect(page.locator("#matches tr").first).to_be_visible()
        self.demo_services(legacy=ports[8081])
        expect(page.locator("#state")).to_have_text("live")
