// The client of pushbridge: many subscriptions over one WebSocket, resumed where they were after every reconnect.
// Without WebSocket, each subscription is a stream of Server-Sent Events, and without these a long poll, until a WebSocket
// is to be had again.

const FIRST_DELAY = 500;
const LONGEST_DELAY = 30_000;
const BUSY_DELAY = 5_000;
const STABLE_AFTER = 5_000;
const RETURN_DELAY = 15_000;
const LONGEST_RETURN_DELAY = 300_000;
const LONGEST_QUEUE = 1000;
const VERSIONED = new Set(['snapshot', 'patch', 'merge', 'event', 'current', 'status']);
const TRANSPORTS = ['websocket', 'sse', 'poll'];

/** Why the bridge, or the way to it, refused something; `code` is an HTTP status, or 0 where there was no answer. */
export class PushbridgeError extends Error {
    constructor(code, message) {
        super(message);
        this.name = 'PushbridgeError';
        this.code = code;
    }
}

/** Opens a connection to a `multiplex` route. */
export function connect(url = '/connect', options = {}) {
    return new Connection(url, options);
}

class Connection {
    #url;
    #options;
    #subscriptions = new Map();
    #socket = null;
    #isOpen = false;
    #attempt = 0;
    #failures = 0;
    #returns = 0;
    #hasHeard = false;
    #streams = 0;
    #refresh = false;
    #timer = null;
    #heartbeat = null;
    #silence = null;
    #pending = new Map();
    #barriers = [];
    #reference = 0;
    #transport;
    #transports;
    #isClosed = false;
    #wake = () => this.#reconnectNow();
    #look = () => {
        if (globalThis.document.visibilityState === 'visible') this.#reconnectNow();
    };

    constructor(url, options) {
        this.#url = new URL(url, globalThis.location?.href);
        this.#options = {
            WebSocket: globalThis.WebSocket, fetch: globalThis.fetch, heartbeat: 25_000, returnAfter: RETURN_DELAY, ...options,
        };
        this.#transports = [...(options.transports ?? TRANSPORTS)];
        const unknown = this.#transports.find((name) => !TRANSPORTS.includes(name));
        if (unknown !== undefined) throw new TypeError(`no transport is called ${unknown}`);
        if (!this.#options.WebSocket) this.#transports = this.#transports.filter((name) => name !== 'websocket');
        if (this.#transports.length === 0) throw new TypeError('no transport is left: give one, or a WebSocket class');
        this.#transport = this.#transports[0];
        globalThis.addEventListener?.('online', this.#wake);
        globalThis.document?.addEventListener('visibilitychange', this.#look);
        if (this.#transport === 'websocket') this.#open();
    }

    /** `websocket`, `sse` or `poll`. */
    get transport() { return this.#transport; }

    /** The bridge is connected; over SSE and long poll each subscription's status says so. */
    get isOpen() { return this.#isOpen; }

    subscribe(topic, options = {}) {
        if (this.#isClosed) throw new PushbridgeError(0, 'the connection is closed');
        const key = topicKey(topic);
        if (this.#subscriptions.has(key)) throw new PushbridgeError(409, `already subscribed to ${topic}`);
        const subscription = new Subscription(topic, options, {
            send: (data) => this.#send(subscription, data),
            close: () => this.#leave(key, subscription),
        });
        this.#subscriptions.set(key, subscription);
        if (this.#transport !== 'websocket') this.#stream(subscription);
        else if (this.#isOpen) this.#ask(subscription);
        return subscription;
    }

    close() {
        if (this.#isClosed) return;
        this.#isClosed = true;
        clearTimeout(this.#timer);
        globalThis.removeEventListener?.('online', this.#wake);
        globalThis.document?.removeEventListener('visibilitychange', this.#look);
        for (const subscription of [...this.#subscriptions.values()]) subscription.close();
        this.#drop(1000);
    }

    // WebSocket

    async #open() {
        this.#timer = null;
        let url;
        try {
            url = await this.#authorised(websocketURL(this.#url));
        } catch (error) {
            this.#lost(0, `no token: ${error.message}`);
            return;
        }
        if (this.#isClosed || this.#socket) return;
        let socket;
        try {
            socket = new this.#options.WebSocket(url.href, ['pushbridge.v1']);
        } catch (error) {
            this.#lost(0, error.message);
            return;
        }
        this.#socket = socket;
        this.#hasHeard = false;
        const limit = setTimeout(() => this.#fail(socket, 'the handshake took too long'), 10_000);
        let opened = 0;
        socket.onopen = () => {
            if (socket !== this.#socket) return;
            clearTimeout(limit);
            opened = Date.now();
            this.#isOpen = true;
            this.#refresh = false;
            this.#listen(socket);
            if (this.#transport === 'websocket') this.#askAll();
            else this.#ping();
        };
        socket.onmessage = (event) => {
            if (socket !== this.#socket) return;
            this.#heard();
            this.#hasHeard = true;
            this.#leaveStreams();
            this.#failures = 0;
            this.#returns = 0;
            this.#receive(JSON.parse(event.data));
        };
        socket.onerror = () => {};
        socket.onclose = (event) => {
            clearTimeout(limit);
            if (socket !== this.#socket) return;
            if (opened === 0 || event.code === 1006) this.#countFailure();
            if (opened > 0 && Date.now() - opened >= STABLE_AFTER) this.#attempt = 0;
            this.#refresh = opened === 0 || event.code === 1008 || event.code === 3000;
            this.#lost(event.code, event.reason);
        };
    }

    // A peer that has silently gone away never answers a close either: it is not waited for.
    #fail(socket, reason) {
        if (socket !== this.#socket) return;
        this.#countFailure();
        this.#lost(1006, reason);
        closeSocket(socket);
    }

    // Some proxies let the handshake through and nothing after it. Without a network no transport is to blame.
    #countFailure() {
        const wasOfUse = this.#hasHeard || (this.#isOpen && this.#subscriptions.size === 0);
        if (!wasOfUse && globalThis.navigator?.onLine !== false) this.#failures += 1;
    }

    // Only for a WebSocket that has shown that it carries something.
    #leaveStreams() {
        if (this.#transport === 'websocket') return;
        this.#transport = 'websocket';
        this.#streams += 1;
        for (const subscription of this.#subscriptions.values()) {
            subscription.abort?.();
            subscription.wake?.();
        }
        this.#askAll();
    }

    #askAll() {
        for (const subscription of this.#subscriptions.values()) this.#ask(subscription);
    }

    #listen(socket) {
        this.#heartbeat = setInterval(() => this.#probe(socket), this.#options.heartbeat);
    }

    #probe(socket) {
        if (this.#silence !== null || socket !== this.#socket) return;
        this.#ping();
        const patience = Math.min(10_000, this.#options.heartbeat);
        this.#silence = setTimeout(() => this.#fail(socket, 'the bridge does not answer'), patience);
    }

    #ping(answer = null) {
        this.#barriers.push(answer);
        this.#socket.send('{"type":"ping"}');
    }

    #heard() {
        clearTimeout(this.#silence);
        this.#silence = null;
    }

    #drop(code) {
        clearInterval(this.#heartbeat);
        this.#heard();
        const socket = this.#socket;
        this.#socket = null;
        this.#isOpen = false;
        this.#barriers = [];
        for (const { reject } of this.#pending.values()) {
            reject(new PushbridgeError(0, 'the connection was lost: the message may or may not have arrived'));
        }
        this.#pending.clear();
        if (socket && code) closeSocket(socket, code);
    }

    #lost(code, reason) {
        this.#drop();
        if (this.#isClosed) return;
        const next = this.#transports[this.#transports.indexOf('websocket') + 1];
        if (this.#transport === 'websocket' && this.#failures >= 2 && next) {
            this.#transport = next;
            for (const subscription of this.#subscriptions.values()) this.#stream(subscription);
        }
        if (this.#transport !== 'websocket') {
            // Beside the streams: what was in the way may have been the bridge's restart, or a network since left.
            const wait = Math.min(LONGEST_RETURN_DELAY, this.#options.returnAfter * 2 ** this.#returns++);
            this.#timer = setTimeout(() => this.#open(), wait * (0.5 + Math.random() / 2));
            return;
        }
        const delay = reconnectDelay(code, this.#attempt++);
        for (const subscription of this.#subscriptions.values()) {
            subscription.report({ state: 'offline', code, reason, next: Date.now() + delay });
        }
        this.#timer = setTimeout(() => this.#open(), delay);
    }

    #reconnectNow() {
        for (const subscription of this.#subscriptions.values()) subscription.wake?.();
        if (this.#timer !== null) {
            clearTimeout(this.#timer);
            this.#attempt = 0;
            this.#open();
        } else if (this.#isOpen) {
            this.#probe(this.#socket);
        }
    }

    #ask(subscription) {
        subscription.answers = undefined;
        subscription.isAsked = false;
        this.#subscribe(subscription);
        // A channel without history says nothing to who enters it; what it refuses it refuses before it answers the ping.
        if (subscription.onmessage) this.#ping(() => subscription.entered());
        for (const message of subscription.takeWaiting()) this.#post(subscription, message);
    }

    #subscribe(subscription, ref) {
        const { mode = 'patch', maxRate } = subscription.options;
        const since = subscription.id ?? undefined;
        this.#socket.send(JSON.stringify({ type: 'subscribe', topic: subscription.topic, mode, since, maxRate, ref }));
    }

    #receive(message) {
        if (message.type === 'pong') return this.#barriers.shift()?.();
        const pending = message.ref === undefined ? undefined : this.#pending.get(message.ref);
        if (pending) {
            this.#pending.delete(message.ref);
            if (message.type === 'error') pending.reject(new PushbridgeError(message.code, message.message));
            else pending.resolve({ status: message.status, data: message.data });
            return undefined;
        }
        const subscription = message.topic === undefined ? undefined : this.#find(message.topic);
        if (subscription && !subscription.take(message)) {
            // A patch for a version that is not ours: begin anew with a whole document.
            subscription.forget();
            this.#ask(subscription);
        }
        return undefined;
    }

    // The bridge writes a topic its own way: query parameters that the route does not pass on are gone.
    #find(topic) {
        const exact = this.#subscriptions.get(topicKey(topic));
        if (exact) return exact;
        const path = topicKey(topic.split('?')[0]);
        const similar = [...this.#subscriptions].filter(([key]) => key.split('?')[0] === path);
        return similar.length === 1 ? similar[0][1] : undefined;
    }

    #leave(key, subscription) {
        if (this.#subscriptions.get(key) === subscription) this.#subscriptions.delete(key);
        if (this.#isOpen) this.#socket.send(JSON.stringify({ type: 'unsubscribe', topic: subscription.topic }));
    }

    #send(subscription, data) {
        if (this.#transport !== 'websocket') {
            return Promise.reject(new PushbridgeError(0, 'sending needs a WebSocket, and there is no way for one'));
        }
        return new Promise((resolve, reject) => {
            const message = { data, resolve, reject };
            if (this.#isOpen) this.#post(subscription, message);
            else if (!subscription.wait(message)) reject(new PushbridgeError(0, 'too many messages wait already'));
        });
    }

    #post(subscription, { data, resolve, reject }) {
        this.#reference += 1;
        const ref = `s${this.#reference}`;
        this.#pending.set(ref, { resolve, reject });
        this.#socket.send(JSON.stringify({ type: 'send', topic: subscription.topic, data, ref }));
        // A channel does not answer; what it refuses it refuses before it answers the ping. Whether the topic is one shows
        // when it is subscribed again: a room that one is in already refuses that, also before the ping.
        const again = `${ref}?`;
        // Once: what is sent meanwhile has its pong behind that of this message.
        if (subscription.answers === undefined && subscription.id === null && !subscription.isAsked) {
            subscription.isAsked = true;
            const refused = ({ code }) => { if (code === 400) subscription.answers ??= false; };
            this.#pending.set(again, { resolve() {}, reject: refused });
            this.#subscribe(subscription, again);
        }
        this.#ping(() => {
            this.#pending.delete(again);
            subscription.answers ??= true;
            if (!subscription.answers && this.#pending.delete(ref)) resolve({ status: 202 });
        });
    }

    // Server-Sent Events and long poll

    async #stream(subscription) {
        let attempt = 0;
        const streams = this.#streams;
        const isOver = () => subscription.isClosed || this.#isClosed || this.#streams !== streams;
        while (!isOver()) {
            const started = Date.now();
            let code = 0;
            let reason = '';
            let pause = 0;
            try {
                if (this.#transport === 'sse') await this.#events(subscription);
                else await this.#longPoll(subscription);
                attempt = 0;
                continue;
            } catch (error) {
                // As an EventSource does, where the bridge has said how long to wait.
                pause = error.retry ?? 0;
                code = error instanceof PushbridgeError ? error.code : 0;
                reason = error.message;
                this.#refresh = code === 401 || code === 403;
                if (isOver()) return;
                const next = this.#transports[this.#transports.indexOf('sse') + 1];
                if (error.isBlocked && this.#transport === 'sse' && next) {
                    this.#transport = next;
                    continue;
                }
            }
            if (isOver()) return;
            if (Date.now() - started >= STABLE_AFTER) attempt = 0;
            const delay = Math.max(pause, reconnectDelay(code === 503 ? 1013 : code, attempt++));
            subscription.report({ state: 'offline', code, reason, next: Date.now() + delay });
            await new Promise((resolve) => {
                const timer = setTimeout(resolve, delay);
                subscription.wake = () => {
                    clearTimeout(timer);
                    resolve();
                };
            });
            subscription.wake = undefined;
        }
    }

    async #request(url, headers, signal, method = 'GET') {
        const token = await this.#token();
        if (token) headers.Authorization = `Bearer ${token}`;
        // Not as a method of the options: a browser's fetch is one of its window alone.
        const { fetch } = this.#options;
        const response = await fetch(url, { method, headers, signal, cache: 'no-store' });
        if (!response.ok && response.status !== 304) {
            await response.body?.cancel();
            throw new PushbridgeError(response.status, `the bridge answered ${response.status}`);
        }
        this.#refresh = false;
        return response;
    }

    // Ends with an error, but for a stream that is to begin anew at once.
    async #events(subscription) {
        const url = httpURL(new URL(subscription.topic, this.#url));
        const document = new URL(url);
        url.searchParams.set('mode', subscription.options.mode ?? 'patch');
        if (subscription.id) url.searchParams.set('last_event_id', subscription.id);
        const controller = new AbortController();
        const abort = () => controller.abort();
        subscription.abort = abort;
        const parser = new EventStreamParser();
        let blocked = false;
        let limit;
        // The bridge says something every 15 s: a proxy that keeps it back makes streams useless.
        const watch = (time) => {
            clearTimeout(limit);
            limit = setTimeout(() => controller.abort(), time);
        };
        watch(10_000);
        try {
            const response = await this.#request(url, { Accept: 'text/event-stream' }, controller.signal);
            blocked = true;
            if (!response.headers.get('Content-Type')?.startsWith('text/event-stream')) {
                controller.abort();
                throw new PushbridgeError(0, 'the answer is no event stream');
            }
            const decoder = new TextDecoder();
            let kind;
            let hasBegun = false;
            for (const reader = response.body.getReader(); ;) {
                const { done, value } = await reader.read();
                // Nothing but an end is what a proxy makes of a stream that it does not let through.
                blocked = done && !hasBegun;
                if (done) throw new PushbridgeError(0, 'the stream ended');
                watch(40_000);
                for (const event of parser.parse(decoder.decode(value, { stream: true }))) {
                    hasBegun = true;
                    if (isDocument(event)) kind ??= await this.#kind(document, controller.signal);
                    if (subscription.isClosed) return;
                    if (subscription.take(eventMessage(event, subscription, kind))) continue;
                    subscription.forget();
                    controller.abort();
                    return;
                }
            }
        } catch (error) {
            // Answered, but with no stream, or with one that is kept back on its way.
            if (blocked) throw Object.assign(new PushbridgeError(0, error.message), { isBlocked: true });
            throw Object.assign(error, { retry: parser.retry });
        } finally {
            clearTimeout(limit);
            if (subscription.abort === abort) subscription.abort = undefined;
        }
    }

    // An event does not say whether `42` is a number or a text: the document's own head does.
    async #kind(url, signal) {
        try {
            return kindOf(await this.#request(url, {}, signal, 'HEAD'));
        } catch (error) {
            if (signal.aborted) throw error;
            return undefined;
        }
    }

    async #longPoll(subscription) {
        const headers = {};
        if (subscription.id) Object.assign(headers, { 'If-None-Match': `"${subscription.id}"`, Prefer: 'wait=25' });
        const controller = new AbortController();
        const abort = () => controller.abort();
        subscription.abort = abort;
        const limit = setTimeout(() => controller.abort(), 45_000);
        try {
            const url = httpURL(new URL(subscription.topic, this.#url));
            const response = await this.#request(url, headers, controller.signal);
            const id = response.headers.get('ETag')?.replace(/^(?:W\/)?"|"$/g, '') ?? null;
            const state = response.headers.get('X-Pushbridge-State') ?? 'live';
            if (response.status === 304) {
                subscription.take({ type: 'current', id: subscription.id });
            } else {
                subscription.take({ type: 'snapshot', id, ...await body(response) });
                if (id === null) await new Promise((resolve) => { setTimeout(resolve, 2000); });
            }
            if (state !== 'live') subscription.report({ state });
        } finally {
            clearTimeout(limit);
            if (subscription.abort === abort) subscription.abort = undefined;
        }
    }

    // Tokens

    async #token() {
        const { token } = this.#options;
        return typeof token === 'function' ? token({ refresh: this.#refresh }) : token;
    }

    async #authorised(url) {
        const token = await this.#token();
        if (token) url.searchParams.set('access_token', token);
        return url;
    }
}

class Subscription {
    onchange = null;
    onevent = null;
    onmessage = null;
    onstatus = null;
    #document;
    #id = null;
    #status = { state: 'connecting' };
    #waiting = [];
    #queue = [];
    #readers = [];
    #inner;
    #isClosed = false;

    constructor(topic, options, inner) {
        this.topic = topic;
        this.options = options;
        this.#inner = inner;
        this.#id = options.since ?? null;
        this.#document = options.document;
        // A version without its document cannot be patched.
        if (options.document === undefined && options.mode !== 'events') this.#id = null;
        this.onchange = options.onchange ?? null;
        this.onevent = options.onevent ?? null;
        this.onmessage = options.onmessage ?? null;
        this.onstatus = options.onstatus ?? null;
    }

    get document() { return this.#document; }
    get id() { return this.#id; }
    get status() { return this.#status; }
    get isClosed() { return this.#isClosed; }

    send(data) {
        if (this.#isClosed) return Promise.reject(new PushbridgeError(0, 'the subscription is closed'));
        return this.#inner.send(data);
    }

    close() {
        if (this.#isClosed) return;
        this.#isClosed = true;
        this.abort?.();
        this.wake?.();
        for (const { reject } of this.#waiting.splice(0)) reject(new PushbridgeError(0, 'the subscription is closed'));
        this.#inner.close();
        this.report({ state: 'closed' });
        for (const reader of this.#readers.splice(0)) reader({ done: true, value: undefined });
    }

    /** What happens, in order; of documents only the newest is kept for a reader that is slower than they come. */
    async *[Symbol.asyncIterator]() {
        if (this.#document !== undefined) yield { type: 'document', document: this.#document, id: this.#id };
        while (true) {
            if (this.#queue.length > 0) {
                yield this.#queue.shift();
            } else {
                if (this.#isClosed) return;
                const { done, value } = await new Promise((resolve) => { this.#readers.push(resolve); });
                if (done) return;
                yield value;
            }
        }
    }

    // For the connection alone.

    wait(message) {
        if (this.#waiting.length >= LONGEST_QUEUE) return false;
        this.#waiting.push(message);
        return true;
    }

    takeWaiting() { return this.#waiting.splice(0); }

    entered() {
        if (['connecting', 'offline'].includes(this.#status.state)) this.report({ state: 'live' });
    }

    forget() {
        this.#id = null;
        this.#document = undefined;
    }

    report(status) {
        this.#status = status;
        this.onstatus?.(status, this);
    }

    /** False where the message does not fit the document that is here. */
    take(message) {
        this.#learn(message);
        switch (message.type) {
        case 'snapshot':
            this.#set(documentOf(message), message);
            break;
        case 'patch':
        case 'merge':
            if (message.from !== this.#id || this.#document === undefined) return false;
            try {
                const change = message.type === 'patch' ? applyPatch : applyMergePatch;
                this.#set(change(this.#document, message[message.type], this.options), message);
            } catch {
                return false;
            }
            break;
        case 'current':
            this.#id = message.id;
            this.#live();
            break;
        case 'event':
            this.#id = message.id ?? this.#id;
            this.#live();
            this.onevent?.(message, this);
            this.#offer(message);
            break;
        case 'message':
            this.#live();
            this.onmessage?.(message.data, this);
            this.#offer({ type: 'message', data: message.data });
            break;
        case 'status':
            this.report(message);
            break;
        case 'error':
            this.report({ state: 'error', code: message.code, reason: message.message });
            break;
        default:
            break;
        }
        return true;
    }

    // Whether an endpoint answers what is sent; undefined until it has shown. Behind a channel there is nothing that could
    // fail, and it has no versions.
    #learn({ type, code }) {
        if (type === 'message') this.answers = false;
        else if (VERSIONED.has(type) || (type === 'error' && (code === 502 || code === 504))) this.answers = true;
    }

    #set(document, message) {
        this.#document = document;
        this.#id = message.id;
        this.#live();
        this.onchange?.(document, message, this);
        const last = this.#queue.at(-1);
        if (last?.type === 'document') this.#queue.pop();
        this.#offer({ type: 'document', document, id: message.id });
    }

    // What comes after an upstream's trouble says nothing of its end: the bridge does, by a status.
    #live() {
        if (this.#status.state !== 'live' && this.#status.state !== 'stale') this.report({ state: 'live' });
    }

    #offer(item) {
        const reader = this.#readers.shift();
        if (reader) {
            reader({ done: false, value: item });
        } else {
            if (this.#queue.length >= LONGEST_QUEUE) this.#queue.shift();
            this.#queue.push(item);
        }
    }
}

/** Milliseconds until the next attempt, after this close code and so many failed attempts. */
export function reconnectDelay(code, attempt, random = Math.random) {
    const ceiling = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** attempt);
    const delay = ceiling * (0.5 + random() / 2);
    // Told to come back later, or with everybody else at once: not all in the same moment.
    if (code === 1013) return Math.max(BUSY_DELAY, delay) * (1 + random());
    return code === 1001 ? delay + random() * 2000 : delay;
}

/** RFC 6902. The document is left as it is and shares what did not change, unless `inPlace`. */
export function applyPatch(document, patch, { inPlace = false } = {}) {
    const owned = new Set();
    const own = (value) => {
        if (inPlace || owned.has(value)) return value;
        const copy = Array.isArray(value) ? value.slice() : { ...value };
        owned.add(copy);
        return copy;
    };
    const holder = { root: document };
    owned.add(holder);
    const parent = (path) => {
        let node = holder;
        let key = 'root';
        for (const next of path) {
            const child = own(member(node, key));
            put(node, key, child);
            node = child;
            key = next;
        }
        return [node, key];
    };
    const add = (path, value) => {
        const [node, key] = parent(path);
        if (Array.isArray(node)) node.splice(key === '-' ? node.length : index(key, node.length), 0, value);
        else put(node, key, value);
    };
    const remove = (path) => {
        const [node, key] = parent(path);
        const value = member(node, key);
        if (Array.isArray(node)) node.splice(Number(key), 1);
        else delete node[key];
        return value;
    };
    const read = (path) => path.reduce(member, holder.root);
    for (const operation of patch) {
        const path = pointer(operation.path);
        switch (operation.op) {
        case 'add':
            add(path, operation.value);
            break;
        case 'remove':
            remove(path);
            break;
        case 'replace': {
            const [node, key] = parent(path);
            member(node, key);
            put(node, key, operation.value);
            break;
        }
        case 'move': {
            const from = pointer(operation.from);
            if (path.length > from.length && from.every((key, position) => key === path[position])) {
                throw new PushbridgeError(0, 'a value cannot be moved into itself');
            }
            add(path, remove(from));
            break;
        }
        case 'copy':
            add(path, structuredClone(read(pointer(operation.from))));
            break;
        case 'test':
            if (!isEqual(read(path), operation.value)) throw new PushbridgeError(0, `test failed: ${operation.path}`);
            break;
        default:
            throw new PushbridgeError(0, `no operation is called ${operation.op}`);
        }
    }
    return holder.root;
}

/** RFC 7396. */
export function applyMergePatch(target, patch, { inPlace = false } = {}) {
    if (!isObject(patch)) return patch;
    const result = isObject(target) ? (inPlace ? target : { ...target }) : {};
    for (const [key, value] of Object.entries(patch)) {
        if (value === null) delete result[key];
        else put(result, key, applyMergePatch(Object.hasOwn(result, key) ? result[key] : undefined, value, { inPlace }));
    }
    return result;
}

function pointer(text) {
    if (text === '') return [];
    if (text?.[0] !== '/') throw new PushbridgeError(0, `no JSON Pointer: ${text}`);
    return text.slice(1).split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function index(key, length) {
    if (!/^(?:0|[1-9]\d*)$/.test(key) || Number(key) > length) throw new PushbridgeError(0, `no such index: ${key}`);
    return Number(key);
}

function member(node, key) {
    if (Array.isArray(node)) return node[index(key, node.length - 1)];
    if (!isObject(node) || !Object.hasOwn(node, key)) throw new PushbridgeError(0, `no such member: ${key}`);
    return node[key];
}

// A member called __proto__ is a member like any other.
function put(node, key, value) {
    if (key === '__proto__') {
        Object.defineProperty(node, key, { value, writable: true, enumerable: true, configurable: true });
    } else {
        node[key] = value;
    }
}

function isObject(value) {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEqual(left, right) {
    if (left === right) return true;
    if (Array.isArray(left)) {
        return Array.isArray(right) && left.length === right.length && left.every((item, at) => isEqual(item, right[at]));
    }
    if (!isObject(left) || !isObject(right)) return false;
    const keys = Object.keys(left);
    return keys.length === Object.keys(right).length
        && keys.every((key) => Object.hasOwn(right, key) && isEqual(left[key], right[key]));
}

/** The parts of a `text/event-stream` as they arrive, whatever the chunks. */
export class EventStreamParser {
    /** Milliseconds to wait before the stream is asked for again, where it has said so. */
    retry;
    #rest = '';
    #event = { type: 'message', data: [], id: null };
    #endedWithReturn = false;

    parse(chunk) {
        const events = [];
        let text = this.#rest + (this.#endedWithReturn && chunk.startsWith('\n') ? chunk.slice(1) : chunk);
        if (chunk !== '') this.#endedWithReturn = chunk.endsWith('\r');
        for (let end = text.search(/[\r\n]/); end >= 0; end = text.search(/[\r\n]/)) {
            this.#line(text.slice(0, end), events);
            text = text.slice(end + (text.startsWith('\r\n', end) ? 2 : 1));
        }
        this.#rest = text;
        return events;
    }

    #line(line, events) {
        if (line === '') {
            const { type, data, id } = this.#event;
            if (data.length > 0) events.push({ type, data: data.join('\n'), id });
            this.#event = { type: 'message', data: [], id };
            return;
        }
        const colon = line.indexOf(':');
        const field = colon < 0 ? line : line.slice(0, colon);
        const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
        if (field === 'event') this.#event.type = value || 'message';
        else if (field === 'data') this.#event.data.push(value);
        else if (field === 'id') this.#event.id = value;
        else if (field === 'retry' && /^\d{1,9}$/.test(value)) this.retry = Number(value);
    }
}

function isDocument({ type }) {
    return type === 'snapshot' || type === 'message';
}

function eventMessage({ type, data, id }, subscription, kind) {
    if (type === 'patch' || type === 'merge') return { type, from: subscription.id, id, [type]: JSON.parse(data) };
    if (type === 'status') return { ...JSON.parse(data), type };
    if (type === 'event') return { id, ...JSON.parse(data), type };
    if (!isDocument({ type })) return { type };
    if (kind === 'text') return { type: 'snapshot', id, text: data };
    if (kind === 'binary') return { type: 'snapshot', id, base64: data };
    try {
        return { type: 'snapshot', id, data: JSON.parse(data) };
    } catch {
        return { type: 'snapshot', id, text: data };
    }
}

function documentOf(message) {
    if (message.text !== undefined) return message.text;
    if (message.bytes !== undefined) return message.bytes;
    if (message.base64 === undefined) return message.data;
    return Uint8Array.from(atob(message.base64), (character) => character.charCodeAt(0));
}

async function body(response) {
    switch (kindOf(response)) {
    case 'json': return { data: await response.json() };
    case 'text': return { text: await response.text() };
    default: return { bytes: new Uint8Array(await response.arrayBuffer()) };
    }
}

// As the bridge reads media types.
function kindOf(response) {
    const [type] = (response.headers.get('Content-Type') ?? '').toLowerCase().split(';', 1);
    if (/[/+]json$|^application\/x-json$/.test(type.trim())) return 'json';
    return /^text\/|[/+]xml$|^application\/(?:javascript|x-ndjson|yaml)$/.test(type.trim()) ? 'text' : 'binary';
}

function topicKey(topic) {
    const { pathname, searchParams } = new URL(topic, 'http://topic.invalid');
    searchParams.sort();
    const query = searchParams.toString();
    return pathname.split('/').map(decoded).join('/') + (query ? `?${query}` : '');
}

function decoded(segment) {
    try {
        return encodeURIComponent(decodeURIComponent(segment));
    } catch {
        return segment;
    }
}

function websocketURL(url) {
    const result = new URL(url);
    result.protocol = /^(?:https|wss):$/.test(url.protocol) ? 'wss:' : 'ws:';
    return result;
}

function httpURL(url) {
    const result = new URL(url);
    result.protocol = /^(?:https|wss):$/.test(url.protocol) ? 'https:' : 'http:';
    return result;
}

function closeSocket(socket, code = 1000) {
    try {
        socket.close(code);
    } catch {
        // It had not even begun.
    }
}
