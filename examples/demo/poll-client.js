// A client of today: asks the legacy API every two seconds, whether something changed or not.

export class PollClient {
    #timer = null;
    #abort = new AbortController();
    #tag = null;
    #isBusy = false;

    /** `handlers`: document(data), answer(bytes, now), trouble(text or null). */
    constructor(url, interval, handlers) {
        this.url = url;
        this.interval = interval;
        this.handlers = handlers;
    }

    start() {
        this.#timer = setInterval(() => this.#poll(), this.interval);
        this.#poll();
    }

    stop() {
        clearInterval(this.#timer);
        this.#abort.abort();
    }

    async #poll() {
        // A slow answer does not make requests pile up: that round is left out.
        if (this.#isBusy) return;
        this.#isBusy = true;
        try {
            // With the condition set by hand, the 304 and its missing body can be seen and counted as they are.
            const response = await fetch(this.url, {
                headers: this.#tag === null ? {} : { "If-None-Match": this.#tag },
                cache: "no-store",
                signal: this.#abort.signal,
            });
            const body = await response.arrayBuffer();
            this.handlers.answer(body.byteLength, Date.now());
            if (response.status === 304) {
                this.handlers.trouble(null);
            } else if (response.ok) {
                this.#tag = response.headers.get("ETag");
                this.handlers.document(JSON.parse(new TextDecoder().decode(body)));
                this.handlers.trouble(null);
            } else {
                this.handlers.trouble(`the legacy API answered ${response.status}`);
            }
        } catch (error) {
            if (!this.#abort.signal.aborted) this.handlers.trouble("the legacy API does not answer");
        } finally {
            this.#isBusy = false;
        }
    }
}
