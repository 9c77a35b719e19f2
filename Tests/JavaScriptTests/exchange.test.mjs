import assert from "node:assert/strict";
import { test } from "node:test";
import { Exchange } from "../../examples/editor/exchange.js";
import { SharedText } from "../../examples/editor/shared-text.js";

/** A channel whose time passes only as the test says: everybody who is in gets what another sends. */
class Channel {
    now = 0;
    members = [];
    sent = [];
    #work = [];
    #number = 0;

    later = (work, delay) => { this.#work.push({ at: this.now + delay, number: this.#number += 1, work }); };

    /** Somebody with a text of its own, who is not in yet. */
    person(site, random = () => 0.5) {
        const text = new SharedText(site);
        const member = { text, isIn: false, changes: 0, type: (from, to, what) => member.exchange.publish(text.replace(from, to, what)) };
        member.exchange = new Exchange(text, {
            later: this.later,
            random,
            send: (message) => {
                assert.ok(member.isIn, "nothing is sent by one who is not in");
                const words = JSON.stringify(message);
                assert.ok(words.length < 60_000, "a message must fit into the channel's limit");
                this.sent.push({ site, ...message });
                for (const other of this.members) {
                    if (other !== member && other.isIn) this.later(() => this.#deliver(other, words), 5);
                }
            },
        });
        this.members.push(member);
        return member;
    }

    #deliver(member, words) {
        if (member.isIn && member.exchange.receive(JSON.parse(words))) member.changes += 1;
    }

    enter(member) {
        member.isIn = true;
        member.exchange.open();
    }

    leave(member) {
        member.isIn = false;
        member.exchange.pause();
    }

    pass(time) {
        const end = this.now + time;
        while (this.#work.length > 0) {
            this.#work.sort((left, right) => left.at - right.at || left.number - right.number);
            if (this.#work[0].at > end) break;
            const { at, work } = this.#work.shift();
            this.now = at;
            work();
        }
        this.now = end;
    }

    operations() {
        return this.sent.filter(({ kind }) => kind === "operations");
    }
}

test("what one types the other gets", () => {
    const channel = new Channel();
    const [ada, bob] = [channel.person("ada"), channel.person("bob")];
    channel.enter(ada);
    channel.enter(bob);
    ada.type(0, 0, "Hello");
    ada.type(5, 5, "!");
    channel.pass(200);
    assert.equal(bob.text.text, "Hello!");
    assert.equal(bob.changes, 1, "what is typed together comes together");
});

test("who comes late is sent all of it, by one of those who have it", () => {
    const channel = new Channel();
    const old = ["a", "b", "c", "d"].map((site, index) => channel.person(site, () => 0.2 + index / 5));
    old.forEach((member) => channel.enter(member));
    for (let index = 0; index < 40; index += 1) {
        old[index % 4].type(0, 0, `line ${index}\n`.repeat(40));
        channel.pass(100);
    }
    channel.pass(1000);
    const late = channel.person("late");
    channel.sent = [];
    channel.enter(late);
    channel.pass(1500);
    assert.equal(late.text.text, old[0].text.text);
    assert.equal(new Set(channel.operations().map(({ site }) => site)).size, 1, "the others keep quiet");
});

test("edits made while apart come together, whoever was away", () => {
    const channel = new Channel();
    const [ada, bob] = [channel.person("ada"), channel.person("bob")];
    channel.enter(ada);
    channel.enter(bob);
    ada.type(0, 0, "one two three");
    channel.pass(200);
    channel.leave(bob);
    bob.type(4, 7, "TWO");
    ada.type(13, 13, " four");
    bob.type(0, 0, "> ");
    channel.pass(60_000);
    assert.equal(ada.text.text, "one two three four");
    assert.equal(bob.text.text, "> one TWO three");
    channel.enter(bob);
    channel.pass(3000);
    assert.equal(ada.text.text, "> one TWO three four");
    assert.equal(bob.text.text, ada.text.text);
});

test("a message that is lost is made good by the next hello", () => {
    const channel = new Channel();
    const [ada, bob] = [channel.person("ada"), channel.person("bob")];
    channel.enter(ada);
    channel.enter(bob);
    channel.pass(100);
    bob.isIn = false;
    ada.type(0, 0, "lost ");
    channel.pass(100);
    bob.isIn = true;
    ada.type(5, 5, "found");
    channel.pass(20_000);
    assert.equal(bob.text.text, "lost found");
});

test("when all have all, hellos are all that is said", () => {
    const channel = new Channel();
    const [ada, bob] = [channel.person("ada"), channel.person("bob")];
    channel.enter(ada);
    channel.enter(bob);
    ada.type(0, 0, "text");
    channel.pass(2000);
    channel.sent = [];
    channel.pass(60_000);
    assert.equal(channel.operations().length, 0);
    assert.ok(channel.sent.length <= 24, `${channel.sent.length} hellos in a minute`);
});

test("a newcomer to a long text gets it in messages of bounded size", () => {
    const channel = new Channel();
    const ada = channel.person("ada");
    channel.enter(ada);
    ada.type(0, 0, "0123456789".repeat(20_000));
    channel.pass(10_000);
    const bob = channel.person("bob");
    channel.enter(bob);
    channel.pass(10_000);
    assert.equal(bob.text.text, ada.text.text);
});

test("what is no message changes nothing", () => {
    const channel = new Channel();
    const ada = channel.person("ada");
    channel.enter(ada);
    for (const message of [null, 1, "x", {}, { kind: "operations" }, { kind: "operations", operations: [null, 7] },
        { kind: "hello" }, { kind: "hello", have: [["__proto__", 1]] }]) assert.equal(ada.exchange.receive(message), false);
    channel.pass(1000);
    assert.equal(ada.text.text, "");
});
