"""The example vehicles, as a person sees it."""

from playwright.sync_api import expect

from examples import ExampleTest
from services import eventually

# How many different places a vehicle was drawn at, less what reports alone would explain.
GLIDED = """() => new Promise((resolve) => {
    const reports = () => Number(document.getElementById('reports').textContent);
    const [first, places] = [reports(), new Map()];
    const look = () => {
        for (const vehicle of document.querySelectorAll('.vehicle')) {
            if (!places.has(vehicle.dataset.id)) places.set(vehicle.dataset.id, new Set());
            places.get(vehicle.dataset.id).add(vehicle.getAttribute('transform'));
        }
        if (reports() - first < 4) requestAnimationFrame(look);
        else resolve(Math.max(...[...places.values()].map((seen) => seen.size)) > 12);
    };
    look();
})"""


class VehiclesTests(ExampleTest):
    def test_vehicles_move_smoothly_and_one_can_be_followed(self):
        page = self.page(self.example("vehicles"))
        expect(page.locator("#state")).to_have_text("live")
        expect(page.locator(".vehicle")).to_have_count(12)
        expect(page.locator("#lines path")).to_have_count(3)
        eventually("smooth movement", lambda: page.evaluate(GLIDED))
        page.get_by_role("button", name="T1-2").click()
        expect(page.locator("#following")).to_contain_text("Following T1-2")
        # The map comes close, and the vehicle is in its middle.
        self.until(page, """() => {
            const map = document.getElementById('map').getBoundingClientRect();
            const vehicle = document.querySelector('.vehicle.chosen circle').getBoundingClientRect();
            const off = (start, size, from, length) => Math.abs(start + size / 2 - from - length / 2) / length;
            return document.getElementById('map').viewBox.baseVal.width < 410
                && off(vehicle.x, vehicle.width, map.x, map.width) < 0.1
                && off(vehicle.y, vehicle.height, map.y, map.height) < 0.1;
        }""")
        page.get_by_role("button", name="T1-2").click()
        self.until(page, "() => document.getElementById('map').viewBox.baseVal.width > 990")
