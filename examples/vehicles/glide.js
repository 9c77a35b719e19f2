// From one report of a position to the next, without a jump.

const longest = 3000;

/** Where something is seen: on its way from where it was seen to where it was last reported. */
export class Glide {
    #from;
    #to;
    #start = 0;
    #duration = 0;

    /** `interval`: milliseconds that the way may take, which is the time until the next report. */
    report(position, now, interval) {
        this.#from = this.#to ? this.at(now) : position;
        this.#to = position;
        this.#start = now;
        this.#duration = Math.min(Math.max(interval, 0), longest);
    }

    at(now) {
        const part = this.#duration > 0 ? Math.min(1, Math.max(0, (now - this.#start) / this.#duration)) : 1;
        const turn = ((this.#to.heading - this.#from.heading + 540) % 360) - 180;
        return {
            x: this.#from.x + (this.#to.x - this.#from.x) * part,
            y: this.#from.y + (this.#to.y - this.#from.y) * part,
            // The short way round.
            heading: (this.#from.heading + turn * part + 360) % 360,
        };
    }
}
