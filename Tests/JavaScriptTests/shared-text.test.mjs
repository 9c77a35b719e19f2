import assert from "node:assert/strict";
import { test } from "node:test";
import { EditHistory } from "../../examples/editor/edit-history.js";
import { textChange } from "../../examples/editor/text-change.js";
import { SharedText, isVector, longestInsert } from "../../examples/editor/shared-text.js";

/** Numbers that are the same in every run (mulberry32). */
function numbers(seed) {
    let state = seed;
    const next = () => {
        state = (state + 0x6d2b79f5) | 0;
        let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
        mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    };
    return (bound) => Math.floor(next() * bound);
}

function shuffled(list, random) {
    const result = [...list];
    for (let end = result.length - 1; end > 0; end -= 1) {
        const other = random(end + 1);
        [result[end], result[other]] = [result[other], result[end]];
    }
    return result;
}

const alphabet = ["a", "b", "c", " ", "\n", "ü", "😀", "👩‍👩‍👧"];

/** Where a character of the text begins or ends, so that no pair of surrogates is cut. */
function place(text, random) {
    const characters = [...text];
    return characters.slice(0, random(characters.length + 1)).join("").length;
}

function randomEdit(replica, random) {
    const { text } = replica;
    const [from, to] = [place(text, random), place(text, random)].sort((left, right) => left - right);
    const isDeletion = text.length > 0 && random(3) === 0;
    const inserted = isDeletion ? "" : Array.from({ length: 1 + random(5) }, () => alphabet[random(alphabet.length)]).join("");
    const end = isDeletion || random(4) === 0 ? to : from;
    const operations = replica.replace(from, end, inserted);
    assert.equal(replica.text, text.slice(0, from) + inserted + text.slice(end), "an edit must do here what it says");
    return operations;
}

/** What a replica does not have, whatever came in between. */
function catchUp(to, from) {
    for (const operation of from.missing(to.vector)) to.apply(operation);
}

for (let seed = 1; seed <= 150; seed += 1) {
    test(`replicas converge after concurrent edits, delivered in any order and twice (${seed})`, () => {
        const random = numbers(seed);
        const replicas = Array.from({ length: 2 + random(4) }, (_, index) => new SharedText(`site${index}`));
        const histories = replicas.map((replica) => new EditHistory(replica));
        const underWay = replicas.map(() => []);
        for (let step = 0; step < 60; step += 1) {
            const author = random(replicas.length);
            if (random(3) > 0) {
                const history = histories[author];
                let operations = random(4) === 0 ? history.undo() : random(8) === 0 ? history.redo() : null;
                if (!operations) history.add(operations = randomEdit(replicas[author], random), step * 300);
                underWay.forEach((queue, index) => {
                    // Some go lost, some come twice.
                    if (index !== author) queue.push(...operations.filter(() => random(10) > 0), ...operations.filter(() => random(5) === 0));
                });
            } else {
                const queue = underWay[author];
                for (const operation of shuffled(queue.splice(0, random(queue.length + 1)), random)) {
                    replicas[author].apply(JSON.parse(JSON.stringify(operation)));
                }
            }
        }
        underWay.forEach((queue, index) => shuffled(queue, random).forEach((operation) => replicas[index].apply(operation)));
        // What went lost is asked for, by the vector.
        for (const to of replicas) for (const from of shuffled(replicas, random)) catchUp(to, from);
        for (const replica of replicas) {
            assert.equal(replica.text, replicas[0].text);
            assert.equal(replica.waiting, 0);
            assert.deepEqual(replica.vector.sort(), replicas[0].vector.sort());
        }
        const newcomer = new SharedText("newcomer");
        for (const operation of shuffled(replicas[0].missing([]), random)) newcomer.apply(operation);
        assert.equal(newcomer.text, replicas[0].text);
    });
}

test("what two sites type at one place stays together", () => {
    const [one, other] = [new SharedText("one"), new SharedText("other")];
    one.replace(0, 0, "[]").forEach((operation) => other.apply(operation));
    const typed = ["one", "ONE"].map((word, index) => {
        const replica = index === 0 ? one : other;
        // Letter by letter, as people type.
        return [...word].flatMap((letter, position) => replica.replace(1 + position, 1 + position, letter));
    });
    typed[1].forEach((operation) => one.apply(operation));
    typed[0].forEach((operation) => other.apply(operation));
    assert.equal(one.text, other.text);
    assert.ok(["[oneONE]", "[ONEone]"].includes(one.text), one.text);
});

test("what is typed into a text that somebody deletes meanwhile is kept", () => {
    const [one, other] = [new SharedText("one"), new SharedText("other")];
    one.replace(0, 0, "Hello world").forEach((operation) => other.apply(operation));
    const deletion = one.replace(0, 11, "");
    const addition = other.replace(5, 5, ", dear");
    addition.forEach((operation) => one.apply(operation));
    deletion.forEach((operation) => other.apply(operation));
    assert.equal(one.text, ", dear");
    assert.equal(other.text, ", dear");
});

test("a place is found again when the text before it has changed", () => {
    const [one, other] = [new SharedText("one"), new SharedText("other")];
    one.replace(0, 0, "one three").forEach((operation) => other.apply(operation));
    const anchor = one.anchor(4);
    other.replace(0, 3, "😀 two").forEach((operation) => one.apply(operation));
    assert.equal(one.text.slice(one.offset(anchor)), "three");
    assert.equal(one.offset(null), 0);
    one.replace(0, one.text.length, "");
    assert.equal(one.offset(anchor), 0, "behind what was deleted");
});

test("an operation is applied once, and one that came too early when it can be", () => {
    const [one, other] = [new SharedText("one"), new SharedText("other")];
    const [first] = one.replace(0, 0, "a");
    const [second] = one.replace(1, 1, "b");
    assert.equal(other.apply(second), false);
    assert.equal(other.waiting, 1);
    assert.equal(other.apply(first), true);
    assert.equal(other.text, "ab");
    assert.equal(other.waiting, 0);
    assert.equal(other.apply(first), false);
    assert.equal(other.text, "ab");
});

test("a long text is cut into operations of bounded size", () => {
    const [one, other] = [new SharedText("one"), new SharedText("other")];
    const text = "😀ab\n".repeat(longestInsert);
    const operations = one.replace(0, 0, text);
    assert.equal(operations.length, 4);
    operations.forEach((operation) => other.apply(operation));
    assert.equal(other.text, text);
    const [deletion, ...more] = one.replace(0, text.length, "");
    assert.deepEqual([more.length, deletion.ranges.length], [0, 4]);
    other.apply(deletion);
    assert.equal(other.text, "");
});

test("what is no operation changes nothing", () => {
    const replica = new SharedText("one");
    replica.replace(0, 0, "text");
    const good = { site: "evil", seq: 1, lamport: 9, after: null, text: "x" };
    const bad = [
        null, 7, "x", [], {}, { ...good, site: "__proto__" }, { ...good, site: 3 }, { ...good, seq: 0 }, { ...good, seq: 1.5 },
        { ...good, lamport: Infinity }, { ...good, lamport: -1 }, { ...good, after: undefined }, { ...good, after: [9, "evil"] },
        { ...good, after: [1] }, { ...good, text: "" }, { ...good, text: 5 }, { ...good, text: "x".repeat(5 * longestInsert) },
        { site: "evil", seq: 1, ranges: [] }, { site: "evil", seq: 1, ranges: [[1, "one"]] }, { site: "evil", seq: 1, ranges: "x" },
        { site: "evil", seq: 1, ranges: [[1, "one", 1e15]] }, { site: "evil", seq: 1, restores: 1 }, { site: "evil", seq: 1, restores: "x" },
    ];
    for (const operation of bad) assert.equal(replica.apply(operation), false, JSON.stringify(operation));
    assert.equal(replica.text, "text");
    assert.equal(replica.waiting, 0);
    assert.equal(replica.apply(good), true);
    // The same identity again would be two characters.
    assert.equal(replica.apply({ ...good, seq: 2 }), false);
    assert.equal(replica.text.length, 5);
});

test("a vector is told from what is none", () => {
    for (const vector of [[], [["a", 1], ["b", 2]]]) assert.ok(isVector(vector));
    for (const other of [null, {}, [["a"]], [["a", 0]], [["a b", 1]], ["ab"]]) assert.ok(!isVector(other), JSON.stringify(other));
});

for (let seed = 1; seed <= 50; seed += 1) {
    test(`taking all edits of a site back leaves what the others typed (${seed})`, () => {
        const random = numbers(seed);
        const [one, other] = [new SharedText("one"), new SharedText("other")];
        const history = new EditHistory(one);
        one.replace(0, 0, "The text as it was.").forEach((operation) => other.apply(operation));
        const typed = [];
        let time = 0;
        for (let step = 0; step < 30; step += 1) {
            time += random(2) * 1000;
            const operations = randomEdit(one, random);
            history.add(operations, time);
            operations.forEach((operation) => other.apply(operation));
            // The other only types: what two have deleted comes back when both take that back.
            if (random(3) > 0) continue;
            typed.push(String.fromCodePoint(0x2460 + step));
            other.replace(other.text.length, other.text.length, typed.at(-1)).forEach((operation) => one.apply(operation));
        }
        const after = one.text;
        const steps = [];
        for (let operations = history.undo(); operations.length > 0; operations = history.undo()) steps.push(operations);
        assert.equal(one.text.replaceAll(/[①-⓿]/g, ""), "The text as it was.");
        assert.deepEqual([...one.text].filter((character) => typed.includes(character)).sort(), typed.sort());
        const redone = steps.map(() => history.redo());
        assert.equal(one.text, after);
        assert.deepEqual(history.redo(), []);
        [...steps, ...redone].flat().forEach((operation) => other.apply(JSON.parse(JSON.stringify(operation))));
        assert.equal(other.text, one.text);
    });
}

test("what was typed without a pause is taken back at once, and a new edit ends what could be redone", () => {
    const text = new SharedText("one");
    const history = new EditHistory(text);
    const type = (words, at) => history.add(text.replace(text.text.length, text.text.length, words), at);
    type("a", 0);
    type("b", 100);
    type("c", 5000);
    history.undo();
    assert.equal(text.text, "ab");
    history.undo();
    assert.equal(text.text, "");
    history.redo();
    assert.equal(text.text, "ab");
    type("d", 9000);
    assert.deepEqual(history.redo(), []);
    assert.equal(text.text, "abd");
    history.add(text.replace(0, 0, ">"), 9100);
    history.undo();
    assert.equal(text.text, "abd", "what was typed elsewhere is a step of its own");
});

test("a change of a text field is told from what it held and holds, and where the caret is", () => {
    const change = (before, after, caret) => Object.values(textChange(before, after, caret));
    assert.deepEqual(change("", "a", 1), [0, 0, "a"]);
    assert.deepEqual(change("one three", "one two three", 8), [4, 4, "two "]);
    // Which of equal letters was typed: the one before the caret.
    assert.deepEqual(change("aaa", "aaaa", 1), [0, 0, "a"]);
    assert.deepEqual(change("aaa", "aaaa", 3), [2, 2, "a"]);
    assert.deepEqual(change("aaa", "aa", 1), [1, 2, ""]);
    assert.deepEqual(change("abc", "abc", 2), [2, 2, ""]);
    // Emoji share their first halves, and here their second ones.
    assert.deepEqual(change("😀", "😁", 2), [0, 2, "😁"]);
    assert.deepEqual(change("😀", "🨀", 2), [0, 2, "🨀"]);
    assert.deepEqual(change("😀😀", "😀", 0), [0, 2, ""]);
});

test("a change of a text field is what leads from one to the other", () => {
    const random = numbers(7);
    for (let round = 0; round < 2000; round += 1) {
        const word = () => Array.from({ length: random(6) }, () => alphabet[random(alphabet.length)]).join("");
        const [start, removed, added, end] = [word(), word(), word(), word()];
        const [before, after] = [start + removed + end, start + added + end];
        const { from, to, text } = textChange(before, after, (start + added).length);
        assert.equal(before.slice(0, from) + text + before.slice(to), after);
        assert.ok(text.isWellFormed?.() ?? true);
    }
});
