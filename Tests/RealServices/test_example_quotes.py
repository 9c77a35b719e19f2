"""The example quotes, as a person sees it."""

import re

from playwright.sync_api import expect

from examples import ExampleTest

RECEIVED = "() => Number(document.getElementById('updates').textContent)"


class QuotesTests(ExampleTest):
    def test_prices_move_and_are_drawn_and_the_rate_is_kept(self):
        url = self.example("quotes")
        fast, slow = self.page(url), self.page(url)
        expect(fast.locator("#quotes tr")).to_have_count(16)
        expect(fast.locator("#quotes td.price").first).to_have_text(re.compile(r"^\d+\.\d\d$"))
        slow.get_by_label("one in five seconds").check()
        self.until(fast, "() => document.querySelectorAll('#quotes .rose, #quotes .fell').length >= 3")
        # Every trade is a step of the line.
        self.until(fast, "() => document.querySelector('#quotes .line .line').getAttribute('d').split('H').length > 8")
        before = fast.evaluate(RECEIVED)
        # The second and the third come at least five seconds after the one before.
        self.until(slow, f"(count) => ({RECEIVED})() >= count", slow.evaluate(RECEIVED) + 3)
        self.assertGreater(fast.evaluate(RECEIVED) - before, 6, "the page that wants every change got hardly more")

    def test_a_company_is_chosen_and_followed(self):
        page = self.page(self.example("quotes"))
        page.get_by_role("button", name="NIMB").click()
        expect(page.locator("#detail-name")).to_have_text("Nimbus Cloudworks")
        self.until(page, """() => {
            const row = [...document.querySelectorAll('#quotes tr')].find((row) => row.cells[0].textContent === 'NIMB');
            return row.querySelector('.rose, .fell')
                && row.querySelector('.price').textContent === document.getElementById('detail-price').textContent;
        }""")
        # Another rate goes on from the version that the page has.
        page.get_by_label("at most one a second").check()
        self.until(page, f"() => ({RECEIVED})() >= 2")
        expect(page.locator("#state")).to_have_text("live")
