// A text that several sites edit at once: a replicated growable array (RGA).
//
// Every character has an identity, [lamport, site], that is never used again, and stands after the character that it was
// typed after. Of characters typed after the same one, the later (greater) identity comes first. A deleted character stays
// as a tombstone, since others may still come to stand after it; it is seen again when every deletion of it was taken back.
// Operations carry a number of their own per site, so that
// a site's state is a vector: how many operations of each site it has. They are taken in causal order whatever the order
// they arrive in: one that came too early waits.
//
//   { site, seq, lamport, after: [lamport, site] | null, text }     characters lamport, lamport + 1, …
//   { site, seq, ranges: [[lamport, site, count], …] }              deletes them
//   { site, seq, restores }                                         takes back the site's own deletion of that number

/** No operation is larger, so that each fits into a message. */
export const longestInsert = 2000;
export const mostRanges = 500;
const mostWaiting = 10_000;

export class SharedText {
    #site;
    #clock = 0;
    /** Before the first character. */
    #head = { next: null, deletions: 1, character: '' };
    #nodes = new Map();
    #deletions = new Map();
    /** Everything that was taken, in the order in which it was: a causal one. */
    #log = [];
    #counts = new Map();
    #newest = new Map();
    #waiting = new Map();
    #text = '';

    /** `site`: a name that no other replica has, not even this one's own earlier life. */
    constructor(site) {
        if (!isSite(site)) throw new TypeError(`no name of a site: ${site}`);
        this.#site = site;
    }

    get site() { return this.#site; }

    get text() {
        if (this.#text === null) {
            const parts = [];
            for (let node = this.#head; node; node = node.next) if (node.deletions === 0) parts.push(node.character);
            this.#text = parts.join('');
        }
        return this.#text;
    }

    /** How many operations of each site were taken: [[site, count], …]. */
    get vector() { return [...this.#counts]; }

    /** How many operations came before what they build on. */
    get waiting() { return this.#waiting.size; }

    /** The operations that a site with this vector lacks, in an order in which it can take them. */
    missing(vector) {
        const theirs = new Map(vector);
        return this.#log.filter(({ site, seq }) => seq > (theirs.get(site) ?? 0));
    }

    /** Replaces what is between two places, counted in UTF-16 units as in a string; gives the operations to send. */
    replace(from, to, text) {
        const operations = this.#remove(this.#visible(from, to));
        const characters = [...text];
        let after = this.anchor(from);
        for (let start = 0; start < characters.length; start += longestInsert) {
            const part = characters.slice(start, start + longestInsert);
            const lamport = this.#clock + 1;
            operations.push(this.#own({ lamport, after, text: part.join('') }));
            after = [lamport + part.length - 1, this.#site];
        }
        return operations;
    }

    /**
     * Takes an operation from elsewhere, and what waited for it. False where that leaves the text as it is: it was here
     * already, has to wait, or is no operation.
     */
    apply(operation) {
        if (!isOperation(operation)) return false;
        const seq = this.#counts.get(operation.site) ?? 0;
        if (operation.seq <= seq) return false;
        if (!this.#isReady(operation)) {
            // What finds no room is asked for again.
            if (this.#waiting.size < mostWaiting) this.#waiting.set(`${operation.seq} ${operation.site}`, operation);
            return false;
        }
        this.#take(operation);
        for (let found = true; found && this.#waiting.size > 0;) {
            found = false;
            for (const [key, next] of this.#waiting) {
                if (next.seq <= (this.#counts.get(next.site) ?? 0)) {
                    this.#waiting.delete(key);
                } else if (this.#isReady(next)) {
                    this.#waiting.delete(key);
                    this.#take(next);
                    found = true;
                }
            }
        }
        return true;
    }

    /**
     * Takes back an operation that was made here, whatever came since. Gives the operations to send, which can be taken back
     * in turn.
     */
    revert({ seq, lamport, text, ranges, restores }) {
        if (ranges) return [this.#own({ restores: seq })];
        if (restores) return [this.#own({ ranges: this.#deletions.get(identity([restores, this.#site])).ranges })];
        const typed = [...text].map((_, index) => this.#nodes.get(identity([lamport + index, this.#site])));
        return this.#remove(typed.filter(({ deletions }) => deletions === 0));
    }

    /** The identity of the character before a place, to find the place again when the text has changed; null: the start. */
    anchor(offset) {
        const node = this.#before(offset);
        return node === this.#head ? null : [node.lamport, node.site];
    }

    /** Where a place is now. */
    offset(anchor) {
        const last = anchor && this.#nodes.get(identity(anchor));
        if (!last) return 0;
        let offset = 0;
        for (let node = this.#head; node; node = node.next) {
            if (node.deletions === 0) offset += node.character.length;
            if (node === last) break;
        }
        return offset;
    }

    #before(offset) {
        let found = this.#head;
        let passed = 0;
        for (let node = this.#head.next; node && passed < offset; node = node.next) {
            if (node.deletions > 0) continue;
            passed += node.character.length;
            if (passed <= offset) found = node;
        }
        return found;
    }

    #visible(from, to) {
        const nodes = [];
        let start = 0;
        for (let node = this.#head.next; node && start < to; node = node.next) {
            if (node.deletions > 0) continue;
            const end = start + node.character.length;
            if (start >= from && end <= to) nodes.push(node);
            start = end;
        }
        return nodes;
    }

    #remove(nodes) {
        const operations = [];
        for (let start = 0; start < nodes.length;) {
            const ranges = [];
            while (start < nodes.length && ranges.length < mostRanges) {
                const { lamport, site } = nodes[start];
                let count = 1;
                while (nodes[start + count]?.site === site && nodes[start + count].lamport === lamport + count && count < longestInsert) {
                    count += 1;
                }
                ranges.push([lamport, site, count]);
                start += count;
            }
            operations.push(this.#own({ ranges }));
        }
        return operations;
    }

    #own(content) {
        const operation = { site: this.#site, seq: (this.#counts.get(this.#site) ?? 0) + 1, ...content };
        this.#take(operation);
        return operation;
    }

    #isReady({ site, seq, lamport, after, ranges, restores }) {
        if (seq !== (this.#counts.get(site) ?? 0) + 1) return false;
        if (restores) return true;
        if (ranges) {
            return ranges.every(([first, of, count]) => {
                for (let number = first; number < first + count; number += 1) {
                    if (!this.#nodes.has(identity([number, of]))) return false;
                }
                return true;
            });
        }
        // An identity that was used before would be two characters.
        return lamport > (this.#newest.get(site) ?? 0) && (after === null || this.#nodes.has(identity(after)));
    }

    #take(operation) {
        if (operation.ranges) this.#delete(operation);
        else if (operation.restores) this.#restore(operation);
        else this.#insert(operation);
        this.#counts.set(operation.site, operation.seq);
        this.#log.push(operation);
        this.#text = null;
    }

    #insert({ site, lamport, after, text }) {
        let previous = after ? this.#nodes.get(identity(after)) : this.#head;
        // What was typed here later, and what was typed after that, comes first: all of it has a greater identity.
        while (previous.next && isGreater(previous.next, { lamport, site })) previous = previous.next;
        let number = lamport;
        for (const character of text) {
            const node = { lamport: number, site, character, deletions: 0, next: previous.next };
            previous.next = node;
            this.#nodes.set(identity([number, site]), node);
            previous = node;
            number += 1;
        }
        this.#newest.set(site, number - 1);
        this.#clock = Math.max(this.#clock, number - 1);
    }

    #delete({ site, seq, ranges }) {
        this.#deletions.set(identity([seq, site]), { ranges, isInForce: true });
        this.#countDeletions(ranges, 1);
    }

    #restore({ site, restores }) {
        const deletion = this.#deletions.get(identity([restores, site]));
        if (!deletion?.isInForce) return;
        deletion.isInForce = false;
        this.#countDeletions(deletion.ranges, -1);
    }

    #countDeletions(ranges, difference) {
        for (const [first, site, count] of ranges) {
            for (let number = first; number < first + count; number += 1) {
                this.#nodes.get(identity([number, site])).deletions += difference;
            }
        }
    }
}

function identity([lamport, site]) {
    return `${lamport} ${site}`;
}

function isGreater(node, { lamport, site }) {
    return node.lamport > lamport || (node.lamport === lamport && node.site > site);
}

// What comes from others may be anything.

function isSite(site) {
    return typeof site === 'string' && /^[A-Za-z0-9]{1,32}$/.test(site);
}

function isCount(number, most = Number.MAX_SAFE_INTEGER / 2) {
    return Number.isSafeInteger(number) && number >= 1 && number <= most;
}

function isOperation(operation) {
    if (typeof operation !== 'object' || operation === null) return false;
    const { site, seq, lamport, after, text, ranges, restores } = operation;
    if (!isSite(site) || !isCount(seq)) return false;
    if (restores !== undefined) return isCount(restores, seq - 1) && ranges === undefined;
    if (ranges !== undefined) {
        return Array.isArray(ranges) && ranges.length >= 1 && ranges.length <= mostRanges && ranges.every((range) => (
            Array.isArray(range) && isCount(range[0]) && isSite(range[1]) && isCount(range[2], longestInsert)
        ));
    }
    if (!isCount(lamport) || typeof text !== 'string' || text === '' || text.length > 2 * longestInsert) return false;
    // Whoever types after a character has seen it: the order of identities rests on that.
    return after === null || (Array.isArray(after) && isCount(after[0]) && isSite(after[1]) && after[0] < lamport);
}

/** A vector from elsewhere: [[site, count], …]. */
export function isVector(vector) {
    return Array.isArray(vector) && vector.every((entry) => Array.isArray(entry) && isSite(entry[0]) && isCount(entry[1]));
}
