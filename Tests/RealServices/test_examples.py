"""What holds for the pages of all examples."""

from examples import EXAMPLES, ExampleTest


class EveryExampleTests(ExampleTest):
    def test_each_page_fits_a_telephone_and_a_desk_and_names_itself(self):
        names = [folder.name for folder in sorted(EXAMPLES.iterdir()) if (folder / "config.json").exists()]
        self.assertGreater(len(names), 5)
        for name in names:
            with self.subTest(name):
                url = self.example(name)
                for width, scheme in [(390, "dark"), (1280, "light")]:
                    page = self.page(url, viewport={"width": width, "height": 844}, color_scheme=scheme)
                    page.get_by_role("heading", level=1).wait_for()
                    self.assertLessEqual(page.evaluate("() => document.documentElement.scrollWidth"), width)
                    self.assertTrue(page.title())
                    ground = page.evaluate("() => getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
                    self.assertEqual(max(ground) < 128, scheme == "dark", f"the ground in the {scheme} scheme")
                    page.context.close()
