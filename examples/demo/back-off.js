/** Waits that double up to a limit, spread at random so that many clients do not come back at the same moment. */
export class BackOff {
    #attempts = 0;

    constructor({ first = 500, limit = 15000, random = Math.random } = {}) {
        this.first = first;
        this.limit = limit;
        this.random = random;
    }

    /** Milliseconds to wait before the next attempt. */
    next() {
        const ceiling = Math.min(this.limit, this.first * 2 ** this.#attempts);
        this.#attempts = Math.min(this.#attempts + 1, 16);
        return ceiling / 2 + (this.random() * ceiling) / 2;
    }

    reset() {
        this.#attempts = 0;
    }
}
