// The client library, against a bridge that the test plays, and against the built program where there is one.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { connect as connectTCP, createServer as createTCPServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import {
    applyMergePatch, applyPatch, connect, EventStreamParser, reconnectDelay,
} from '../../clients/javascript/pushbridge.js';

const program = fileURLToPath(new URL('../../.build/debug/pushbridge', import.meta.url));

function findWebSocket() {
    if (globalThis.WebSocket) return globalThis.WebSocket;
    for (const place of ['ws', '/usr/share/nodejs/ws', '/usr/lib/nodejs/ws']) {
        try {
            return createRequire(import.meta.url)(place);
        } catch {
            // The next place.
        }
    }
    return undefined;
}
const WebSocketClass = findWebSocket();

/** Resolves once the condition holds. */
async function until(condition, what) {
    const deadline = Date.now() + 30_000;
    while (!condition()) {
        assert.ok(Date.now() < deadline, `in vain: ${what}`);
        await new Promise((resolve) => { setTimeout(resolve, 10); });
    }
}

describe('Patching', () => {
    test('leaves the old document as it was and shares what did not change', () => {
        const old = { a: { x: 1 }, list: [{ id: 1 }, { id: 2 }] };
        const now = applyPatch(old, [
            { op: 'replace', path: '/list/1/id', value: 3 },
            { op: 'add', path: '/list/0', value: 'first' },
            { op: 'move', from: '/a/x', path: '/y' },
        ]);
        assert.deepEqual(old, { a: { x: 1 }, list: [{ id: 1 }, { id: 2 }] });
        assert.deepEqual(now, { a: {}, list: ['first', { id: 1 }, { id: 3 }], y: 1 });
        assert.equal(now.list[1], old.list[0]);
    });

    test('patches in place where that is asked for', () => {
        const document = { list: [1, 2] };
        const { list } = document;
        const now = applyPatch(document, [{ op: 'remove', path: '/list/0' }], { inPlace: true });
        assert.equal(now.list, list);
        assert.deepEqual(list, [2]);
    });

    test('never reaches a prototype', () => {
        const now = applyPatch({}, [{ op: 'add', path: '/__proto__', value: { evil: true } }]);
        assert.equal({}.evil, undefined);
        assert.ok(Object.hasOwn(now, '__proto__'));
        assert.throws(() => applyPatch({}, [{ op: 'add', path: '/constructor/prototype/evil', value: 1 }]));
        applyMergePatch({}, JSON.parse('{"__proto__":{"evil":true}}'));
        assert.equal({}.evil, undefined);
    });

    test('refuses what does not fit', () => {
        for (const patch of [
            [{ op: 'remove', path: '/none' }], [{ op: 'add', path: '/list/9', value: 1 }],
            [{ op: 'replace', path: '/list/01', value: 1 }], [{ op: 'test', path: '/list', value: [2] }],
            [{ op: 'remove', path: 'list' }], [{ op: 'other', path: '/list' }],
        ]) assert.throws(() => applyPatch({ list: [1] }, patch), JSON.stringify(patch));
    });

    test('merges as RFC 7396 has it', () => {
        const merged = applyMergePatch({ a: 1, b: { c: 2, d: 3 } }, { a: null, b: { c: 4 }, e: [null] });
        assert.deepEqual(merged, { b: { c: 4, d: 3 }, e: [null] });
    });
});

test('An event stream is the same whatever its chunks', () => {
    const text = ': hello\r\nevent: patch\r\nid: A\r\ndata: [1,\r\ndata: 2]\r\n\r\nid: B\ndata: x\n\nevent: none\n\n';
    const whole = new EventStreamParser().parse(text);
    assert.deepEqual(whole, [
        { type: 'patch', data: '[1,\n2]', id: 'A' }, { type: 'message', data: 'x', id: 'B' },
    ]);
    const parser = new EventStreamParser();
    assert.deepEqual([...text].flatMap((character) => parser.parse(character)), whole);
    parser.parse('retry: 1200\nretry: soon\nretry: -5\n');
    assert.equal(parser.retry, 1200);
});

test('Reconnecting backs off with jitter, up to a bound, and longer where the bridge says so', () => {
    for (let attempt = 0; attempt < 2000; attempt += 1) {
        const delay = reconnectDelay(1006, attempt);
        assert.ok(delay >= 250 && delay <= 30_000);
    }
    assert.ok(reconnectDelay(1006, 0, () => 1) < reconnectDelay(1006, 3, () => 0));
    assert.ok(reconnectDelay(1013, 0, () => 0) >= 5000);
    assert.notEqual(reconnectDelay(1001, 0, () => 0), reconnectDelay(1001, 0, () => 0.9));
});

class FakeSocket {
    static all = [];

    constructor(url, protocols) {
        this.url = url;
        this.protocols = protocols;
        this.sent = [];
        FakeSocket.all.push(this);
    }

    send(text) { this.sent.push(JSON.parse(text)); }
    close(code) { this.closedWith = code; }
    open() { this.onopen(); }
    says(message) { this.onmessage({ data: JSON.stringify(message) }); }
    ends(code, reason = '') { this.onclose({ code, reason }); }
}

describe('A connection', () => {
    async function begin(options = {}) {
        FakeSocket.all = [];
        const bridge = connect('http://bridge.test/connect', { WebSocket: FakeSocket, ...options });
        await until(() => FakeSocket.all.length === 1, 'a socket');
        return { bridge, socket: FakeSocket.all[0] };
    }

    test('carries several subscriptions and resumes each by its id', async () => {
        const { bridge, socket } = await begin();
        assert.equal(socket.url, 'ws://bridge.test/connect');
        assert.deepEqual(socket.protocols, ['pushbridge.v1']);
        const a = bridge.subscribe('/a', { maxRate: 2 });
        const b = bridge.subscribe('/b');
        assert.throws(() => bridge.subscribe('/a'), { code: 409 });
        socket.open();
        assert.deepEqual(socket.sent.map((message) => message.topic), ['/a', '/b']);
        assert.equal(socket.sent[0].maxRate, 2);
        socket.says({ type: 'snapshot', topic: '/a', id: 'A1', data: { n: 1 } });
        socket.says({ type: 'patch', topic: '/a', from: 'A1', id: 'A2', patch: [{ op: 'replace', path: '/n', value: 2 }] });
        socket.says({ type: 'snapshot', topic: '/b', id: 'B1', text: 'words' });
        assert.deepEqual([a.document, b.document], [{ n: 2 }, 'words']);
        socket.ends(1006);
        assert.equal(a.status.state, 'offline');
        await until(() => FakeSocket.all.length === 2, 'a second socket');
        FakeSocket.all[1].open();
        assert.deepEqual(FakeSocket.all[1].sent.map((message) => message.since), ['A2', 'B1']);
        FakeSocket.all[1].says({ type: 'current', topic: '/a', id: 'A2' });
        assert.equal(a.status.state, 'live');
        bridge.close();
    });

    test('asks for a whole document where a patch does not fit', async () => {
        const { bridge, socket } = await begin();
        const a = bridge.subscribe('/a');
        socket.open();
        socket.says({ type: 'snapshot', topic: '/a', id: 'A1', data: {} });
        socket.says({ type: 'patch', topic: '/a', from: 'A7', id: 'A8', patch: [] });
        assert.equal(socket.sent.at(-1).type, 'subscribe');
        assert.equal(socket.sent.at(-1).since, undefined);
        assert.equal(a.document, undefined);
        bridge.close();
    });

    test('answers what was sent, and rejects what was on its way when the connection ended', async () => {
        const { bridge, socket } = await begin();
        const a = bridge.subscribe('/a');
        const early = a.send('early');
        socket.open();
        const { ref } = socket.sent.find((message) => message.type === 'send');
        socket.says({ type: 'sent', ref, status: 201, data: 'done' });
        assert.deepEqual(await early, { status: 201, data: 'done' });
        const refused = a.send('refused');
        socket.says({ type: 'error', ref: socket.sent.findLast((one) => one.type === 'send').ref, code: 429, message: 'no' });
        await assert.rejects(refused, { code: 429 });
        const lost = a.send('lost');
        socket.ends(1006);
        await assert.rejects(lost, /may or may not/);
        bridge.close();
    });

    test('waits for an endpoint to answer what was sent, also where no document has come', async () => {
        const { bridge, socket } = await begin();
        const a = bridge.subscribe('/a');
        socket.open();
        const refused = a.send('x');
        const [, message, again] = socket.sent;
        assert.deepEqual([again.type, again.topic], ['subscribe', '/a']);
        // A poll route is subscribed anew; what it answers comes when it comes.
        socket.says({ type: 'error', topic: '/a', code: 502, message: 'the upstream answered 500' });
        socket.says({ type: 'pong' });
        socket.says({ type: 'error', ref: message.ref, code: 422, message: 'no' });
        await assert.rejects(refused, { code: 422 });
        const quiet = a.send('y');
        assert.equal(socket.sent.filter(({ type }) => type === 'subscribe').length, 2);
        socket.says({ type: 'pong' });
        socket.says({ type: 'sent', ref: socket.sent.at(-2).ref, status: 500 });
        assert.deepEqual(await quiet, { status: 500, data: undefined });
        bridge.close();
    });

    test('knows a channel by its refusal to be entered twice, and waits for no answer of it', async () => {
        const { bridge, socket } = await begin();
        const room = bridge.subscribe('/rooms/a');
        socket.open();
        const first = room.send('x');
        const { ref } = socket.sent.findLast(({ type }) => type === 'subscribe');
        socket.says({ type: 'error', topic: '/rooms/a', ref, code: 400, message: 'already subscribed' });
        socket.says({ type: 'pong' });
        assert.deepEqual(await first, { status: 202 });
        assert.equal(room.status.state, 'connecting', 'the refusal is nothing of the subscription');
        const second = room.send('y');
        assert.equal(socket.sent.filter(({ type }) => type === 'subscribe').length, 2);
        socket.says({ type: 'pong' });
        assert.deepEqual(await second, { status: 202 });
        socket.ends(1006);
        // Another connection may lead to another configuration; it is asked once for all that has waited.
        const waiting = ['a', 'b', 'c'].map((data) => room.send(data));
        await until(() => FakeSocket.all.length === 2, 'a second socket');
        const [, next] = FakeSocket.all;
        next.open();
        const asked = next.sent.filter(({ type }) => type === 'subscribe');
        assert.equal(asked.length, 2);
        next.says({ type: 'error', topic: '/rooms/a', ref: asked[1].ref, code: 400, message: 'already subscribed' });
        for (let n = 0; n < waiting.length; n += 1) next.says({ type: 'pong' });
        assert.deepEqual(await Promise.all(waiting), waiting.map(() => ({ status: 202 })));
        bridge.close();
    });

    test('asks the token callback anew, with refresh, after a refusal', async () => {
        const asked = [];
        const { bridge, socket } = await begin({ token: async (why) => { asked.push(why.refresh); return 'a b'; } });
        assert.equal(new URL(socket.url).searchParams.get('access_token'), 'a b');
        socket.open();
        socket.ends(1008);
        await until(() => FakeSocket.all.length === 2, 'a second socket');
        assert.deepEqual(asked, [false, true]);
        bridge.close();
    });

    test('is live in a room where nobody says anything, and not in one that it may not enter', async () => {
        const { bridge, socket } = await begin();
        const quiet = bridge.subscribe('/rooms/quiet', { onmessage() {} });
        const closed = bridge.subscribe('/rooms/closed', { onmessage() {} });
        socket.open();
        socket.says({ type: 'pong' });
        assert.equal(quiet.status.state, 'live');
        assert.equal(closed.status.state, 'connecting');
        socket.says({ type: 'error', topic: '/rooms/closed', code: 403, message: 'no' });
        socket.says({ type: 'pong' });
        assert.equal(closed.status.state, 'error');
        bridge.close();
    });

    test('does not wait when the browser says that it is online, or the page is seen again', async () => {
        const events = new EventTarget();
        globalThis.document = Object.assign(new EventTarget(), { visibilityState: 'hidden' });
        globalThis.addEventListener = events.addEventListener.bind(events);
        globalThis.removeEventListener = events.removeEventListener.bind(events);
        try {
            const { bridge, socket } = await begin();
            socket.open();
            // Told to come back in five seconds at the earliest.
            socket.ends(1013);
            globalThis.document.dispatchEvent(new Event('visibilitychange'));
            await new Promise(setImmediate);
            assert.equal(FakeSocket.all.length, 1, 'a hidden page can wait');
            globalThis.document.visibilityState = 'visible';
            globalThis.document.dispatchEvent(new Event('visibilitychange'));
            await new Promise(setImmediate);
            assert.equal(FakeSocket.all.length, 2);
            FakeSocket.all[1].open();
            FakeSocket.all[1].ends(1013);
            events.dispatchEvent(new Event('online'));
            await new Promise(setImmediate);
            assert.equal(FakeSocket.all.length, 3);
            bridge.close();
        } finally {
            for (const name of ['document', 'addEventListener', 'removeEventListener']) delete globalThis[name];
        }
    });

    test('gives a slow reader the newest document alone, then ends', async () => {
        const { bridge, socket } = await begin();
        const a = bridge.subscribe('/a');
        socket.open();
        for (let n = 1; n <= 5; n += 1) socket.says({ type: 'snapshot', topic: '/a', id: `A${n}`, data: n });
        const seen = [];
        for await (const update of a) {
            seen.push(update.document);
            if (seen.length === 2) a.close();
        }
        assert.deepEqual(seen, [5, 5]);
        bridge.close();
    });
});

describe('A stream of Server-Sent Events', () => {
    let server;
    let asked;
    let answer;

    before(async () => {
        server = createServer((request, response) => {
            asked.push({ at: Date.now(), accept: request.headers.accept, method: request.method });
            answer(request, response);
        });
        await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    });

    after(() => {
        server.close();
        server.closeAllConnections();
    });

    function begin(transports) {
        asked = [];
        return connect(`http://127.0.0.1:${server.address().port}/connect`, { transports });
    }

    const streams = () => asked.filter(({ accept }) => accept === 'text/event-stream');

    test('that ends before its first event is given up for a long poll', async () => {
        answer = (request, response) => {
            const isStream = request.headers.accept === 'text/event-stream';
            if (!isStream && request.headers['if-none-match']) return;
            response.setHeader('Content-Type', isStream ? 'text/event-stream' : 'application/json');
            if (!isStream) response.setHeader('ETag', '"A"');
            response.end(isStream ? ': nothing\n\n' : '{"n":1}');
        };
        const bridge = begin(['sse', 'poll']);
        const topic = bridge.subscribe('/a');
        await until(() => topic.document?.n === 1, 'the document by long poll');
        assert.equal(bridge.transport, 'poll');
        assert.equal(streams().length, 1);
        bridge.close();
    });

    test('that ends at once, and has nothing behind it, is asked for again with the usual delays', async () => {
        answer = (request, response) => {
            response.setHeader('Content-Type', 'text/event-stream');
            response.end();
        };
        const bridge = begin(['sse']);
        const states = [];
        bridge.subscribe('/a', { onstatus: ({ state }) => states.push(state) });
        await until(() => streams().length >= 3, 'a third attempt');
        // The delays are 250 ms and 500 ms at the least.
        const [first, , third] = streams();
        assert.ok(third.at - first.at >= 700, `${third.at - first.at} ms`);
        assert.ok(states.includes('offline'));
        bridge.close();
    });

    test('that ends after an event is asked for again when it said', async () => {
        answer = (request, response) => {
            response.setHeader('Content-Type', request.method === 'HEAD' ? 'application/json' : 'text/event-stream');
            response.end(request.method === 'HEAD' ? '' : 'retry: 1500\n\nevent: snapshot\nid: A\ndata: {"n":1}\n\n');
        };
        const bridge = begin(['sse']);
        const topic = bridge.subscribe('/a');
        await until(() => streams().length >= 2, 'a second stream');
        assert.deepEqual(topic.document, { n: 1 });
        const [first, second] = streams();
        assert.ok(second.at - first.at >= 1450, `${second.at - first.at} ms`);
        bridge.close();
    });
});

describe('With the built program', { skip: existsSync(program) ? false : 'it is not built' }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'pushbridge-js-'));
    const wires = new Set();
    let count = 1;
    let upstream;
    let child;
    let origin;
    let proxy;

    before(async () => {
        upstream = createServer((request, response) => {
            if (request.url === '/broken') {
                // The answer to a message comes long after the pong.
                setTimeout(() => {
                    response.writeHead(request.method === 'POST' ? 422 : 500, { 'Content-Type': 'application/json' });
                    response.end('{"no":true}');
                }, request.method === 'POST' ? 300 : 0);
                return;
            }
            const [type, bytes] = { '/text': ['text/plain', '42'], '/bytes': ['image/png', '\0\x01x'] }[request.url] ?? [];
            response.setHeader('Content-Type', type ?? 'application/json');
            response.end(bytes ?? JSON.stringify({ count, padding: 'x'.repeat(400) }));
        });
        await new Promise((resolve) => { upstream.listen(0, '127.0.0.1', resolve); });
        const file = join(folder, 'config.json');
        const broken = `http://127.0.0.1:${upstream.address().port}/broken`;
        writeFileSync(file, JSON.stringify({
            listen: [{ host: '127.0.0.1', port: 0 }],
            routes: [
                { path: '/broken', poll: { url: broken, interval: '100ms', send: { url: broken } } },
                { path: '/text', poll: { url: `http://127.0.0.1:${upstream.address().port}/text`, interval: '100ms' } },
                { path: '/bytes', poll: { url: `http://127.0.0.1:${upstream.address().port}/bytes`, interval: '100ms' } },
                { path: '/count', poll: { url: `http://127.0.0.1:${upstream.address().port}/`, interval: '100ms' } },
                { path: '/rooms/{room}', channel: {} },
                { path: '/connect', multiplex: {} },
            ],
        }));
        child = spawn(program, ['serve', '--config', file], { stdio: ['ignore', 'pipe', 'inherit'] });
        for await (const line of createInterface({ input: child.stdout })) {
            const ready = /pushbridge ready: (\S+)/.exec(line);
            if (ready) {
                origin = new URL(ready[1]);
                break;
            }
        }
        // The network, which can be cut.
        proxy = createTCPServer((client) => {
            const server = connectTCP(Number(origin.port), origin.hostname);
            for (const [one, other] of [[client, server], [server, client]]) {
                wires.add(one);
                one.on('error', () => other.destroy());
                one.on('close', () => {
                    wires.delete(one);
                    other.destroy();
                });
                one.pipe(other);
            }
        });
        await new Promise((resolve) => { proxy.listen(0, '127.0.0.1', resolve); });
    });

    after(() => {
        child?.kill();
        proxy?.close();
        for (const wire of wires) wire.destroy();
        upstream?.close();
        upstream?.closeAllConnections();
        rmSync(folder, { recursive: true });
    });

    const needsWebSocket = { skip: WebSocketClass ? false : 'neither node nor node-ws has a WebSocket' };

    async function follows(transports, transport) {
        const bridge = connect(`http://127.0.0.1:${proxy.address().port}/connect`, { WebSocket: WebSocketClass, transports });
        const counter = bridge.subscribe('/count');
        count += 1;
        await until(() => counter.document?.count === count, `${transport} brings the first document`);
        for (const wire of wires) wire.destroy();
        count += 1;
        await until(() => counter.document?.count === count, `${transport} resumes after the cut`);
        assert.equal(bridge.transport, transport);
        const answer = await fetch(new URL('/count', origin));
        assert.equal(answer.headers.get('ETag'), `"${counter.id}"`);
        bridge.close();
    }

    test('a document goes on after the network was cut, over WebSocket', needsWebSocket, () => follows(undefined, 'websocket'));
    test('a document goes on after the network was cut, over SSE', () => follows(['sse'], 'sse'));
    test('a document goes on after the network was cut, by long poll', () => follows(['poll'], 'poll'));

    for (const transport of WebSocketClass ? ['websocket', 'sse', 'poll'] : ['sse', 'poll']) {
        test(`a text stays a text and bytes stay bytes: ${transport}`, async () => {
            const bridge = connect(new URL('/connect', origin), { WebSocket: WebSocketClass, transports: [transport] });
            const [text, bytes] = [bridge.subscribe('/text'), bridge.subscribe('/bytes')];
            await until(() => text.document !== undefined && bytes.document !== undefined, 'both documents');
            assert.equal(text.document, '42');
            assert.deepEqual(bytes.document, new Uint8Array([0, 1, 120]));
            bridge.close();
        });
    }

    test('a blocked WebSocket is replaced by SSE', async () => {
        class Blocked {
            constructor() { queueMicrotask(() => this.onclose({ code: 1006, reason: '' })); }

            close() {}
        }
        const bridge = connect(new URL('/connect', origin), { WebSocket: Blocked });
        const counter = bridge.subscribe('/count');
        await until(() => counter.document?.count === count, 'SSE takes over');
        assert.equal(bridge.transport, 'sse');
        bridge.close();
    });

    test('after a fallback a WebSocket is tried again, and carries on where the streams were', needsWebSocket, async () => {
        let isBlocked = true;
        class Sometimes {
            constructor(url, protocols) {
                if (!isBlocked) return new WebSocketClass(url, protocols);
                queueMicrotask(() => this.onclose({ code: 1006, reason: '' }));
                return this;
            }

            close() {}
        }
        const bridge = connect(new URL('/connect', origin), { WebSocket: Sometimes, returnAfter: 50 });
        const counter = bridge.subscribe('/count');
        await until(() => bridge.transport === 'sse' && counter.document?.count === count, 'SSE takes over');
        isBlocked = false;
        await until(() => bridge.transport === 'websocket' && counter.status.state === 'live', 'the WebSocket is back');
        count += 1;
        await until(() => counter.document?.count === count, 'a change over the WebSocket');
        bridge.close();
    });

    test('a handshake after which nothing comes is a blocked WebSocket too', async () => {
        class Mute {
            constructor() { queueMicrotask(() => this.onopen()); }

            send() { queueMicrotask(() => this.onclose?.({ code: 1006, reason: '' })); }
            close() {}
        }
        const bridge = connect(new URL('/connect', origin), { WebSocket: Mute });
        const counter = bridge.subscribe('/count');
        await until(() => bridge.transport === 'sse' && counter.document?.count === count, 'SSE takes over');
        bridge.close();
    });

    test('pages from elsewhere may import the library', async () => {
        const answer = await fetch(new URL('/pushbridge.js', origin), { headers: { Origin: 'https://app.example' } });
        assert.equal(answer.headers.get('Access-Control-Allow-Origin'), '*');
        await answer.text();
    });

    test('what one sends to a channel the other hears', needsWebSocket, async () => {
        const url = new URL('/connect', origin);
        const [ada, bob] = [0, 1].map(() => connect(url, { WebSocket: WebSocketClass }));
        const heard = [];
        const room = bob.subscribe('/rooms/x', { onmessage: (data) => heard.push(data) });
        const mouth = ada.subscribe('/rooms/x');
        // Its answer says that the room has been entered.
        await room.send({ from: 'bob' });
        await mouth.send({ from: 'ada' });
        await until(() => heard.length > 0, 'the message');
        assert.deepEqual(heard.at(-1), { from: 'ada' });
        ada.close();
        bob.close();
    });

    test('what an endpoint without a document answers to a message is told', needsWebSocket, async () => {
        const bridge = connect(new URL('/connect', origin), { WebSocket: WebSocketClass });
        const [broken, room] = [bridge.subscribe('/broken'), bridge.subscribe('/rooms/y')];
        const refused = broken.send(1);
        assert.deepEqual(await room.send('hello'), { status: 202 });
        assert.deepEqual(await refused, { status: 422, data: { no: true } });
        bridge.close();
    });

    test('the bridge serves the library, as JavaScript and with a validator', async () => {
        const answer = await fetch(new URL('/pushbridge.js', origin));
        assert.equal(answer.status, 200);
        assert.match(answer.headers.get('Content-Type'), /^(?:text|application)\/javascript/);
        assert.match(await answer.text(), /export function connect/);
        const again = await fetch(new URL('/pushbridge.js', origin), {
            headers: { 'If-None-Match': answer.headers.get('ETag') }, cache: 'no-store',
        });
        assert.equal(again.status, 304);
    });
});
