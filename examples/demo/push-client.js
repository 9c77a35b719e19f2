// A client of the bridge: one WebSocket, subprotocol pushbridge.v1. The document comes once, then what changes.

import { BackOff } from "./back-off.js";
import { applyPatch } from "./json-patch.js";

const encoder = new TextEncoder();

/** The document that a pushbridge.v1 topic is at: messages in, state out. No socket, tested under Node. */
export class TopicState {
    document = null;
    version = null;

    /** What the message meant: "document", "current", "status", "error", "lost" (begin anew) or "other". */
    receive(message) {
        switch (message.type) {
            case "snapshot":
                this.document = message.data;
                this.version = message.id;
                return "document";
            case "patch":
                if (this.document === null || message.from !== this.version) return this.#forget();
                try {
                    this.document = applyPatch(this.document, message.patch);
                } catch {
                    return this.#forget();
                }
                this.version = message.id;
                return "document";
            case "current":
                return message.id === this.version && this.document !== null ? "current" : this.#forget();
            case "status":
            case "error":
                return message.type;
            default:
                return "other";
        }
    }

    #forget() {
        this.document = null;
        this.version = null;
        return "lost";
    }
}

export class PushClient {
    #socket = null;
    #timer = null;
    #backOff = new BackOff();
    #state = new TopicState();
    #isStopped = false;

    /**
     * `handlers`: document(data), request(), message(bytes, type), status(state, detail) with state "connecting",
     * "live", "stale" (the last document stays), "failed" (there is none) or "offline".
     */
    constructor(url, handlers) {
        this.url = url;
        this.handlers = handlers;
    }

    start() {
        this.handlers.status("connecting", "");
        this.#connect();
        addEventListener("online", this.#retryNow);
    }

    stop() {
        this.#isStopped = true;
        clearTimeout(this.#timer);
        removeEventListener("online", this.#retryNow);
        this.#socket?.close(1000);
    }

    #retryNow = () => {
        if (this.#socket !== null) return;
        clearTimeout(this.#timer);
        this.#connect();
    };

    #connect() {
        const url = new URL(this.url);
        if (this.#state.version !== null) url.searchParams.set("since", this.#state.version);
        const socket = new WebSocket(url, "pushbridge.v1");
        this.#socket = socket;
        this.handlers.request();
        let complaint = null;
        socket.onmessage = (event) => {
            // A text frame: what else a future bridge might send is not for this client.
            if (this.#isStopped || typeof event.data !== "string") return;
            let message;
            try {
                message = JSON.parse(event.data);
            } catch {
                return;
            }
            this.handlers.message(encoder.encode(event.data).length, message.type);
            complaint = this.#receive(socket, message) ?? complaint;
        };
        socket.onclose = (event) => {
            this.#socket = null;
            if (this.#isStopped) return;
            const wait = this.#backOff.next();
            const reason = complaint ?? (event.reason || (event.code === 1006 ? "" : `closed with ${event.code}`));
            const seconds = Math.max(1, Math.round(wait / 1000));
            this.handlers.status("offline", `${reason ? `${reason}; ` : ""}next try in ${seconds} s`);
            this.#timer = setTimeout(() => this.#connect(), wait);
        };
    }

    /** The text of an error message, if it was one. */
    #receive(socket, message) {
        switch (this.#state.receive(message)) {
            case "document":
                this.#backOff.reset();
                this.handlers.document(this.#state.document);
                this.handlers.status("live", "");
                return null;
            case "current":
                this.#backOff.reset();
                this.handlers.status("live", "");
                return null;
            case "status":
                if (message.state === "stale") {
                    this.handlers.status("stale", `the legacy API does not answer (${message.reason ?? message.code})`);
                } else {
                    this.handlers.status("live", "");
                }
                return null;
            case "error":
                this.handlers.status("failed", message.message);
                return message.message;
            case "lost":
                // Without a `since` the next connection begins with the whole document.
                socket.close(4000, "out of step");
                return null;
            default:
                return null;
        }
    }
}
