import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const root = new URL("../../", import.meta.url);
const read = (path) => readFileSync(new URL(path, root), "utf8");
const found = (text, pattern) => [...text.matchAll(pattern)].map(([, name]) => name).sort();

// The demo is the page that lists the others.
const examples = readdirSync(new URL("examples/", root), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== "demo")
    .map((entry) => entry.name)
    .sort();

test("the demo's front page lists every example, and how to start it", () => {
    const page = read("examples/demo/index.html");
    const section = page.match(/<section class="examples".*?<\/section>/s)[0];
    const items = section.match(/<li>.*?<\/li>/gs);
    assert.equal(section.match(/<ul>(.*)<\/ul>/s)[1].replace(/<li>.*?<\/li>/gs, "").trim(), "", "beside the items");
    assert.deepEqual(items.flatMap((item) => found(item, /<code>make example NAME=([a-z-]+)<\/code>/g)).sort(), examples);
    for (const item of items) assert.match(item, /<h3>[^<]+<\/h3>\s*<p>[^<]+<\/p>\s*<code>/);
});

test("the README lists every example", () => {
    assert.deepEqual(found(read("README.md"), /^\| \[([a-z-]+)\]\(examples\/\1\) \| .+ \|$/gm), examples);
});

test("no merge has left its marks", () => {
    const folders = ["clients", "docs", "examples", "packaging", "scripts", "Sources", "Tests"];
    const files = folders.flatMap((folder) => readdirSync(new URL(`${folder}/`, root), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /\.(css|d\.ts|html|js|json|md|mjs|py|swift|yml)$|^[a-z-]+$/.test(entry.name))
        .map((entry) => `${entry.parentPath ?? entry.path}/${entry.name}`));
    assert.ok(files.length > 300, "the folders were read");
    const marked = files.filter((file) => /^(<{7}|>{7}) /m.test(readFileSync(file, "utf8")));
    assert.deepEqual(marked, []);
});

for (const name of examples) {
    test(`the example ${name} has a configuration, a page and a README of a few lines`, () => {
        for (const file of ["config.json", "index.html"]) {
            assert.ok(existsSync(new URL(`examples/${name}/${file}`, root)), file);
        }
        const text = read(`examples/${name}/README.md`);
        assert.ok(text.includes(`    make example NAME=${name}\n`), "it does not say how to start");
        assert.ok(text.trimEnd().split("\n").length <= 20, "a README of an example is a few lines");
    });
}
