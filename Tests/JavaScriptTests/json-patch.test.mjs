import assert from "node:assert/strict";
import { test } from "node:test";
import { PatchError, applyPatch, isEqual, parsePointer } from "../../examples/demo/json-patch.js";

const applies = (name, document, patch, expected) => test(name, () => {
    const before = structuredClone(document);
    assert.deepEqual(applyPatch(document, patch), expected);
    assert.deepEqual(document, before, "the document itself must stay as it was");
});

const refuses = (name, document, patch, index = 0) => test(name, () => {
    const before = structuredClone(document);
    assert.throws(() => applyPatch(document, patch), (error) => error instanceof PatchError && error.index === index);
    assert.deepEqual(document, before);
});

// The examples of RFC 6902, appendix A.
applies("A.1 adds an object member", { foo: "bar" }, [{ op: "add", path: "/baz", value: "qux" }], { foo: "bar", baz: "qux" });
applies("A.2 adds an array element", { foo: ["bar", "baz"] }, [{ op: "add", path: "/foo/1", value: "qux" }],
    { foo: ["bar", "qux", "baz"] });
applies("A.3 removes an object member", { baz: "qux", foo: "bar" }, [{ op: "remove", path: "/baz" }], { foo: "bar" });
applies("A.4 removes an array element", { foo: ["bar", "qux", "baz"] }, [{ op: "remove", path: "/foo/1" }],
    { foo: ["bar", "baz"] });
applies("A.5 replaces a value", { baz: "qux", foo: "bar" }, [{ op: "replace", path: "/baz", value: "boo" }],
    { baz: "boo", foo: "bar" });
applies("A.6 moves a value", { foo: { bar: "baz", waldo: "fred" }, qux: { corge: "grault" } },
    [{ op: "move", from: "/foo/waldo", path: "/qux/thud" }], { foo: { bar: "baz" }, qux: { corge: "grault", thud: "fred" } });
applies("A.7 moves an array element", { foo: ["all", "grass", "cows", "eat"] }, [{ op: "move", from: "/foo/1", path: "/foo/3" }],
    { foo: ["all", "cows", "eat", "grass"] });
applies("A.8 tests a value that is there", { baz: "qux", foo: ["a", 2, "c"] },
    [{ op: "test", path: "/baz", value: "qux" }, { op: "test", path: "/foo/1", value: 2 }], { baz: "qux", foo: ["a", 2, "c"] });
refuses("A.9 refuses a test that fails", { baz: "qux" }, [{ op: "test", path: "/baz", value: "bar" }]);
applies("A.10 adds a nested member object", { foo: "bar" }, [{ op: "add", path: "/child", value: { grandchild: {} } }],
    { foo: "bar", child: { grandchild: {} } });
applies("A.11 ignores unrecognised members", { foo: "bar" }, [{ op: "add", path: "/baz", value: "qux", xyz: 123 }],
    { foo: "bar", baz: "qux" });
refuses("A.12 refuses to add to what is not there", { foo: "bar" }, [{ op: "add", path: "/baz/bat", value: "qux" }]);
applies("A.14 reads ~01 as ~1", { "/": 9, "~1": 10 }, [{ op: "test", path: "/~01", value: 10 }], { "/": 9, "~1": 10 });
refuses("A.15 does not take a string for a number", { "/": 9, "~1": 10 }, [{ op: "test", path: "/~01", value: "10" }]);
applies("A.16 adds an array value at the end", { foo: ["bar"] }, [{ op: "add", path: "/foo/-", value: ["abc", "def"] }],
    { foo: ["bar", ["abc", "def"]] });

applies("the whole document can be replaced", { a: 1 }, [{ op: "replace", path: "", value: [1] }], [1]);
applies("the whole document can be added, moved into and copied into", { a: { b: 2 } }, [{ op: "copy", from: "/a", path: "" }], { b: 2 });
applies("a member with an empty name is a member", { "": 1 }, [{ op: "replace", path: "/", value: 2 }], { "": 2 });
applies("a copy is independent of what it was copied from", { a: { n: 1 } },
    [{ op: "copy", from: "/a", path: "/b" }, { op: "replace", path: "/b/n", value: 2 }], { a: { n: 1 }, b: { n: 2 } });
applies("null is a value like any other", { a: 1 }, [{ op: "replace", path: "/a", value: null }], { a: null });
applies("a test ignores the order of members", { a: { x: 1, y: 2 } }, [{ op: "test", path: "/a", value: { y: 2, x: 1 } }],
    { a: { x: 1, y: 2 } });

refuses("an index with a leading zero is refused", { a: [1, 2] }, [{ op: "remove", path: "/a/01" }]);
refuses("an index past the end is refused", { a: [1] }, [{ op: "add", path: "/a/2", value: 1 }]);
refuses("the place after the last element holds nothing to remove", { a: [1] }, [{ op: "remove", path: "/a/-" }]);
refuses("a negative index is refused", { a: [1] }, [{ op: "replace", path: "/a/-1", value: 0 }]);
refuses("replacing what is not there is refused", { a: 1 }, [{ op: "replace", path: "/b", value: 0 }]);
refuses("moving a value into itself is refused", { a: { b: 1 } }, [{ op: "move", from: "/a", path: "/a/b" }]);
refuses("an unknown operation is refused", {}, [{ op: "increment", path: "" }]);
refuses("an operation without its value is refused", {}, [{ op: "add", path: "/a" }]);
refuses("a pointer that does not begin with a slash is refused", { a: 1 }, [{ op: "remove", path: "a" }]);
refuses("inherited members are not members", {}, [{ op: "copy", from: "/constructor", path: "/a" }]);
refuses("a patch that fails midway changes nothing", { a: 1 },
    [{ op: "replace", path: "/a", value: 2 }, { op: "remove", path: "/b" }], 1);

test("a member named __proto__ does not change the prototype", () => {
    const result = applyPatch({}, [{ op: "add", path: "/__proto__", value: { polluted: true } }]);
    assert.equal(result.polluted, undefined);
    assert.equal({}.polluted, undefined);
    assert.ok(Object.hasOwn(result, "__proto__"));
});

test("pointers are unescaped in the right order", () => {
    assert.deepEqual(parsePointer("/a~1b/m~0n/~01"), ["a/b", "m~n", "~1"]);
    assert.throws(() => parsePointer("/a~2"));
});

test("equality is by value", () => {
    assert.ok(isEqual([{ a: [1, { b: null }] }], [{ a: [1, { b: null }] }]));
    assert.ok(!isEqual({ a: 1 }, { b: 1 }));
    assert.ok(!isEqual([], {}));
    assert.ok(!isEqual(null, {}));
});
