"""The example comments, as two people see it."""

from playwright.sync_api import expect

from examples import ExampleTest

# Most of the scene is night, so a canvas that was drawn has dark blue in its upper left corner.
IS_DRAWN = """() => {
    const [red, green, blue, alpha] = document.querySelector("canvas").getContext("2d").getImageData(2, 2, 1, 1).data;
    return alpha === 255 && blue > red && blue > green;
}"""


class CommentsTests(ExampleTest):
    def say(self, page, text, colour="White"):
        page.get_by_label(colour).check(force=True)
        page.get_by_label("Comment", exact=True).fill(text)
        page.get_by_role("button", name="Send").click()

    def test_a_comment_flies_over_both_pages(self):
        url = self.example("comments")
        ada, bob = self.page(url), self.page(url)
        for page in [ada, bob]:
            expect(page.locator("#state")).to_have_text("live")
            self.until(page, IS_DRAWN)
        self.say(ada, "What a night", "Gold")
        for page in [ada, bob]:
            comment = page.locator(".comment.gold")
            expect(comment).to_have_text("What a night")
            self.until(page, """() => {
                const { left } = document.querySelector('.comment').getBoundingClientRect();
                window.first ??= left;
                return left < window.first - 20;
            }""")
        # It has flown by.
        expect(bob.locator(".comment")).to_have_count(0)
        expect(bob.locator("#count")).to_have_text("1")

    def test_without_motion_it_stands_still_for_a_while(self):
        url = self.example("comments")
        page = self.page(url, reduced_motion="reduce")
        expect(page.locator("#state")).to_have_text("live")
        self.say(page, "Quiet")
        expect(page.locator(".comment")).to_be_in_viewport()
        expect(page.locator(".comment")).to_have_count(0)
