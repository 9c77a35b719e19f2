// Prices over time as the `d` of an SVG path.

/** What was seen of one price within the last `span` milliseconds. */
export class PriceHistory {
    #points = [];

    constructor(span = 60_000) {
        this.span = span;
    }

    get low() { return Math.min(...this.#points.map(({ price }) => price)); }
    get high() { return Math.max(...this.#points.map(({ price }) => price)); }

    add(time, price) {
        const last = this.#points.at(-1);
        // The time of an upstream that was restarted may lie before what was seen.
        if (last && time < last.time) this.#points = [];
        this.#points.push({ time, price });
        // The one before the span is where the line comes in.
        while (this.#points.length > 2 && this.#points[1].time < time - this.span) this.#points.shift();
    }

    /** The line, the area below it and the line of the opening price, in a box of this size. */
    paths(open, width, height, margin = 2) {
        const end = this.#points.at(-1).time;
        const start = Math.max(this.#points[0].time, end - this.span);
        const low = Math.min(this.low, open);
        const range = Math.max(this.high, open) - low;
        const x = (time) => (end > start ? ((Math.max(time, start) - start) / (end - start)) * width : 0);
        const y = (price) => (range > 0 ? height - margin - ((price - low) / range) * (height - 2 * margin) : height / 2);
        // A price holds until the next trade: steps, not slopes.
        let line = `M0 ${round(y(this.#points[0].price))}`;
        for (const { time, price } of this.#points.slice(1)) line += `H${round(x(time))}V${round(y(price))}`;
        line += `H${width}`;
        return { line, area: `${line}V${height}H0Z`, open: `M0 ${round(y(open))}H${width}` };
    }
}

function round(number) {
    return Math.round(number * 100) / 100;
}
