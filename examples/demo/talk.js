// The two consoles at the foot of the page: a tunnel to the TCP chat, and a room that needs no backend.

import { BackOff } from "./back-off.js";
import { LineLog } from "./line-log.js";

/** A WebSocket that comes back, a log, and a form that sends what is typed. */
class Talk {
    #backOff = new BackOff();

    /** `root` holds `.log`, `form` with an `input`, and `.state`. */
    constructor(root, url, subprotocols) {
        this.log = new LineLog(root.querySelector(".log"));
        this.form = root.querySelector("form");
        this.state = root.querySelector(".state");
        this.url = url;
        this.subprotocols = subprotocols;
        this.form.addEventListener("submit", (event) => {
            event.preventDefault();
            const text = this.form.elements.text.value;
            if (text.trim() === "" || this.socket?.readyState !== WebSocket.OPEN) return;
            this.send(text);
            this.form.elements.text.value = "";
        });
    }

    connect() {
        this.#show("connecting", "connecting");
        const socket = new WebSocket(this.url, this.subprotocols);
        socket.binaryType = "arraybuffer";
        this.socket = socket;
        socket.onopen = () => {
            this.#backOff.reset();
            this.#show("live", "connected");
            this.opened();
        };
        socket.onmessage = (event) => this.received(event.data);
        socket.onclose = () => {
            this.#show("offline", "not connected");
            setTimeout(() => this.connect(), this.#backOff.next());
        };
    }

    #show(state, text) {
        this.state.dataset.state = state;
        this.state.textContent = text;
        this.form.elements.send.disabled = state !== "live";
    }
}

/** Bytes both ways: lines of UTF-8 to a TCP service that knows nothing of WebSocket. */
export class TunnelConsole extends Talk {
    #decoder = new TextDecoder();
    #encoder = new TextEncoder();

    constructor(root, url) {
        super(root, url, ["binary"]);
    }

    opened() {
        // A character cut off by the end of the last connection must not join the first of this one.
        this.#decoder = new TextDecoder();
    }

    send(text) {
        this.socket.send(this.#encoder.encode(`${text}\n`));
    }

    received(data) {
        this.log.stream(typeof data === "string" ? data : this.#decoder.decode(data, { stream: true }));
    }
}

/** Text messages to everybody else in the room. */
export class Room extends Talk {
    opened() {}

    send(text) {
        this.socket.send(text);
        // A channel does not send a message back to the one who wrote it.
        this.log.line(text, "own");
    }

    received(data) {
        if (typeof data === "string") this.log.line(data);
    }
}
