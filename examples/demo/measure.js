// What the page counts, and what it works out from that. No DOM, no network: tested under Node.

/** One way of staying up to date, measured. */
export class Measurement {
    requests = 0;
    messages = 0;
    bytes = 0;
    /** Milliseconds from a goal to its first sight here, one for each goal. */
    ages = [];
    #seen = null;
    #first = null;
    #last = null;

    /** A request whose answer had `bytes` bytes of body, at `now` (milliseconds). */
    request(bytes, now) {
        this.requests += 1;
        this.bytes += bytes;
        this.#first ??= now;
        this.#last = now;
    }

    /** A pushed message of `bytes` bytes. */
    message(bytes) {
        this.messages += 1;
        this.bytes += bytes;
    }

    /**
     * Looks for goals that were not there before. Those of the first document happened before anybody looked, so
     * they tell nothing of how fast news arrives.
     */
    observe(document, now) {
        const goals = document.matches.flatMap((match) => match.events.filter((event) => event.type === "goal"));
        if (this.#seen !== null) {
            for (const goal of goals) {
                if (!this.#seen.has(goal.id)) this.ages.push(Math.max(0, now - goal.at));
            }
        }
        // Only what is still on the board is remembered: the set does not grow with the hours.
        this.#seen = new Set(goals.map((goal) => goal.id));
        if (this.ages.length > 200) this.ages.shift();
    }

    get lastAge() {
        return this.ages.at(-1) ?? null;
    }

    get medianAge() {
        return median(this.ages);
    }

    /** Requests a second, counted between the first and the last request; null before the second one. */
    get requestsPerSecond() {
        if (this.requests < 2 || this.#last <= this.#first) return null;
        return (this.requests - 1) / ((this.#last - this.#first) / 1000);
    }

    /** Mean bytes of an answer. */
    get bytesPerRequest() {
        return this.requests === 0 ? null : this.bytes / this.requests;
    }
}

/** How fast a counter on the backend grows, from samples of it. */
export class CounterRate {
    #first = null;
    #last = null;

    /** A sample of `{requests, bytes}` at `now` (milliseconds). A counter that went back was reset: begin anew. */
    sample(counter, now) {
        const sample = { requests: counter.requests, bytes: counter.bytes, at: now };
        if (this.#first === null || sample.requests < this.#last.requests) this.#first = sample;
        this.#last = sample;
    }

    /** `{requestsPerSecond, bytesPerSecond}`, or null until `minimum` milliseconds were watched. */
    rate(minimum = 6000) {
        if (this.#first === null) return null;
        const span = this.#last.at - this.#first.at;
        if (span < minimum || this.#last.requests === this.#first.requests) return null;
        return {
            requestsPerSecond: ((this.#last.requests - this.#first.requests) * 1000) / span,
            bytesPerSecond: ((this.#last.bytes - this.#first.bytes) * 1000) / span,
        };
    }
}

export function median(values) {
    if (values.length === 0) return null;
    const sorted = [...values].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * What N clients cost the backend. Polling grows with N; the bridge asks at its own pace, whoever listens.
 * Null members are not measured yet.
 */
export function backendCost(clients, polling, bridge) {
    const rate = polling.requestsPerSecond;
    return {
        clients,
        polling: rate === null ? null : {
            requestsPerSecond: clients * rate,
            bytesPerHour: clients * rate * polling.bytesPerRequest * 3600,
        },
        bridge: bridge === null ? null : {
            requestsPerSecond: bridge.requestsPerSecond,
            bytesPerHour: bridge.bytesPerSecond * 3600,
        },
    };
}

export function formatBytes(bytes) {
    const units = ["B", "KB", "MB", "GB", "TB"];
    let value = bytes;
    let unit = 0;
    while (value >= 999.5 && unit < units.length - 1) {
        value /= 1000;
        unit += 1;
    }
    return `${unit === 0 ? Math.round(value) : formatNumber(value)}\u00a0${units[unit]}`;
}

/** Three significant digits, thousands grouped. */
export function formatNumber(value) {
    const digits = value === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
    return value.toLocaleString("en", { minimumFractionDigits: 0, maximumFractionDigits: digits });
}

export function formatAge(milliseconds) {
    return milliseconds < 995 ? `${Math.round(milliseconds)}\u00a0ms` : `${(milliseconds / 1000).toFixed(1)}\u00a0s`;
}
