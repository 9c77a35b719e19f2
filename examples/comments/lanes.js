// Which lane a comment takes. All take the same time from edge to edge, so a longer one is faster.

export class Lanes {
    #last = [];

    /** The newest comment of each of `count` lanes is remembered. */
    constructor(count) {
        this.#last = Array(count).fill(undefined);
    }

    /**
     * The lane for a comment of this width on a stage of this width, which takes `duration` from now: the first in which
     * it touches no other, else the one that has been used the longest ago.
     */
    take(now, width, stage, duration) {
        const isFree = (last) => {
            if (last === undefined) return true;
            const hasEntered = now >= last.start + duration * last.width / (stage + last.width);
            const head = now + duration * stage / (stage + width);
            return hasEntered && head >= last.start + duration;
        };
        let lane = this.#last.findIndex(isFree);
        if (lane < 0) {
            lane = this.#last.reduce((oldest, last, at) => (last.start < this.#last[oldest].start ? at : oldest), 0);
        }
        this.#last[lane] = { start: now, width };
        return lane;
    }
}
