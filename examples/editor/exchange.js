// How the replicas of a text keep each other up to date over a channel, which delivers to whoever is there at the moment
// and keeps nothing: whoever comes, or comes back, says what it has (hello), and is sent what it lacks.
//
//   { kind: 'operations', operations: […] }
//   { kind: 'hello', have: [[site, count], …] }

import { isVector } from './shared-text.js';

/** Characters of JSON in a message, well below the channel's limit of 64 KiB. */
const longestMessage = 16_000;
const pause = { batch: 40, between: 25, answer: 250, hello: 500, beat: 5000 };

export class Exchange {
    #text;
    #send;
    #later;
    #random;
    #outgoing = [];
    #isSending = false;
    /** What one who said hello lacks, as far as it was not sent by another meanwhile. */
    #owed = null;
    #isGreeting = false;
    #isOpen = false;
    #isClosed = false;

    /**
     * `send`: puts a message on the channel. `later` and `random` are the browser's, save in tests.
     */
    constructor(text, { send, later = (work, delay) => setTimeout(work, delay), random = Math.random }) {
        this.#text = text;
        this.#send = send;
        this.#later = (work, delay) => later(() => { if (!this.#isClosed) work(); }, delay);
        this.#random = random;
        this.#beat();
    }

    /** The channel is there. */
    open() {
        this.#isOpen = true;
        this.hello();
    }

    /** The channel is gone. What is edited meanwhile is sent when it is back and somebody lacks it. */
    pause() {
        this.#isOpen = false;
        this.#outgoing = [];
        this.#owed = null;
    }

    close() {
        this.#isClosed = true;
        this.pause();
    }

    /** Sends operations that were made here. */
    publish(operations) {
        if (!this.#isOpen) return;
        this.#outgoing.push(...operations);
        this.#flush(pause.batch);
    }

    hello() {
        if (this.#isOpen) this.#send({ kind: 'hello', have: this.#text.vector });
    }

    /** Takes a message from another; true where it has changed the text. */
    receive(message) {
        if (message?.kind === 'operations' && Array.isArray(message.operations)) return this.#take(message.operations);
        if (message?.kind === 'hello' && isVector(message.have)) this.#answer(message.have);
        return false;
    }

    #take(operations) {
        let isChanged = false;
        for (const operation of operations) {
            isChanged = this.#text.apply(operation) || isChanged;
            // Another was quicker with the answer.
            if (this.#owed && operation?.seq === (this.#owed.get(operation.site) ?? 0) + 1) {
                this.#owed.set(operation.site, operation.seq);
            }
        }
        if (this.#text.waiting > 0) this.#greetSoon();
        return isChanged;
    }

    #answer(have) {
        const theirs = new Map(have);
        const ours = new Map(this.#text.vector);
        if (have.some(([site, count]) => count > (ours.get(site) ?? 0))) this.#greetSoon();
        if (![...ours].some(([site, count]) => count > (theirs.get(site) ?? 0))) return;
        if (this.#owed) {
            // Several ask at once: what any of them lacks is sent to all.
            for (const site of this.#owed.keys()) this.#owed.set(site, Math.min(this.#owed.get(site), theirs.get(site) ?? 0));
            return;
        }
        this.#owed = theirs;
        // Everybody heard it: whoever's time comes first answers, and the others see that it was done.
        this.#later(() => {
            if (!this.#owed) return;
            const missing = this.#text.missing([...this.#owed]);
            this.#owed = null;
            this.#outgoing.push(...missing);
            this.#flush(0);
        }, this.#random() * pause.answer);
    }

    #greetSoon() {
        if (this.#isGreeting) return;
        this.#isGreeting = true;
        this.#later(() => {
            this.#isGreeting = false;
            this.hello();
        }, this.#random() * pause.hello);
    }

    // What was lost on the way, or could not be sent, is found by that.
    #beat() {
        this.#later(() => {
            this.hello();
            this.#beat();
        }, pause.beat * (1 + this.#random()));
    }

    #flush(delay) {
        if (this.#isSending || this.#outgoing.length === 0) return;
        this.#isSending = true;
        this.#later(() => {
            this.#isSending = false;
            const operations = [];
            let length = 0;
            while (this.#outgoing.length > 0) {
                length += JSON.stringify(this.#outgoing[0]).length;
                if (operations.length > 0 && length > longestMessage) break;
                operations.push(this.#outgoing.shift());
            }
            if (this.#isOpen && operations.length > 0) this.#send({ kind: 'operations', operations });
            this.#flush(pause.between);
        }, delay);
    }
}
