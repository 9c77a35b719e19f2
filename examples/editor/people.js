// Who else has the text open, and where their carets are.

const forgotten = 16_000;
const colours = ['#0a6b5c', '#a8431b', '#5a3fa0', '#8a1c5b', '#2b5fa8', '#6b5d00', '#96281b', '#3c6e1f'];

export class People {
    #people = new Map();

    constructor(onchange) {
        this.onchange = onchange;
        setInterval(() => this.#forget(), 2000);
    }

    /** By their names. */
    get all() {
        return [...this.#people.values()].sort((left, right) => left.name.localeCompare(right.name));
    }

    receive({ site, name, caret, isGone }) {
        if (typeof site !== 'string' || typeof name !== 'string') return;
        if (isGone) {
            this.#people.delete(site);
        } else {
            const number = [...site].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) % 9973, 7);
            this.#people.set(site, {
                name: name.slice(0, 20) || '?',
                // A place in the text, by the character before it.
                caret: typeof caret === 'object' && (caret?.after === null || Array.isArray(caret?.after)) ? caret : null,
                colour: colours[number % colours.length],
                seen: Date.now(),
            });
        }
        this.onchange();
    }

    clear() {
        this.#people.clear();
        this.onchange();
    }

    #forget() {
        const count = this.#people.size;
        for (const [site, { seen }] of this.#people) if (Date.now() - seen > forgotten) this.#people.delete(site);
        if (this.#people.size < count) this.onchange();
    }
}
