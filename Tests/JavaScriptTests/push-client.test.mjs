import assert from "node:assert/strict";
import { test } from "node:test";
import { TopicState } from "../../examples/demo/push-client.js";

const snapshot = { type: "snapshot", topic: "/scores/x", id: "v1", at: 0, data: { goals: 0 } };
const patch = (from, id, goals) => ({
    type: "patch", topic: "/scores/x", from, id, at: 0, patch: [{ op: "replace", path: "/goals", value: goals }],
});

test("a snapshot and patches lead to the newest document", () => {
    const state = new TopicState();
    assert.equal(state.receive(snapshot), "document");
    assert.equal(state.receive(patch("v1", "v2", 1)), "document");
    assert.equal(state.receive(patch("v2", "v5", 4)), "document");
    assert.deepEqual(state.document, { goals: 4 });
    assert.equal(state.version, "v5");
});

test("a patch from another version makes the client begin anew", () => {
    const state = new TopicState();
    state.receive(snapshot);
    assert.equal(state.receive(patch("v0", "v2", 1)), "lost");
    assert.equal(state.version, null);
    assert.equal(state.receive(snapshot), "document");
});

test("a patch that cannot be applied makes the client begin anew", () => {
    const state = new TopicState();
    state.receive(snapshot);
    const broken = { ...patch("v1", "v2", 1), patch: [{ op: "remove", path: "/missing" }] };
    assert.equal(state.receive(broken), "lost");
});

test("resuming with nothing missed keeps the document", () => {
    const state = new TopicState();
    state.receive(snapshot);
    assert.equal(state.receive({ type: "current", topic: "/scores/x", id: "v1" }), "current");
    assert.deepEqual(state.document, { goals: 0 });
    assert.equal(state.receive({ type: "current", topic: "/scores/x", id: "v9" }), "lost");
});

test("status and errors are passed on, and what is unknown is left alone", () => {
    const state = new TopicState();
    state.receive(snapshot);
    assert.equal(state.receive({ type: "status", state: "stale" }), "status");
    assert.equal(state.receive({ type: "error", code: 502 }), "error");
    assert.equal(state.receive({ type: "invented" }), "other");
    assert.equal(state.version, "v1");
});
