// Clients that we did not write, against the built bridge: node's "ws" (Debian: node-ws) and Chromium.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

const bridgeProgram = process.env.PUSHBRIDGE ?? fileURLToPath(new URL("../../.build/debug/pushbridge", import.meta.url));
const chromiumProgram = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

function load(name) {
    // Debian's folder is not on every node's search path.
    for (const place of [name, `/usr/share/nodejs/${name}`]) {
        try {
            return createRequire(import.meta.url)(place);
        } catch {}
    }
}

const ws = load("ws");
const withoutBridge = existsSync(bridgeProgram) ? false : "the bridge is not built";
const withoutWS = withoutBridge || (ws ? false : "node's ws is not installed (Debian: node-ws)");
const withoutChromium = withoutWS || (chromiumProgram ? false : "Chromium is not installed");

const limit = { timeout: 120_000 };
let folder, bridge, address;

/** Starts a program and resolves with the first match of `pattern` in what it prints. */
async function start(program, parameters, stream, pattern) {
    const child = spawn(program, parameters, { stdio: ["ignore", "pipe", "pipe"] });
    const match = await new Promise((resolve, reject) => {
        let text = "";
        child.stdout.on("data", (data) => stream === "stdout" && look(data));
        child.stderr.on("data", (data) => stream === "stderr" && look(data));
        child.once("error", reject);
        child.once("exit", () => reject(new Error(`${program} ended: ${text}`)));
        function look(data) {
            text += data;
            const found = pattern.exec(text);
            if (found) resolve(found);
        }
    });
    return { child, match };
}

async function stop(child) {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
}

before(async () => {
    if (withoutBridge) return;
    folder = mkdtempSync(join(tmpdir(), "pushbridge-clients-"));
    const configuration = join(folder, "config.json");
    const room = (compression) => ({
        path: `/${compression}`,
        channel: { echo: true },
        compression,
        access: { origins: "*" },
    });
    writeFileSync(
        configuration,
        JSON.stringify({
            listen: [{ host: "127.0.0.1", port: 0 }],
            limits: { message: "4MiB" },
            routes: [room("shared"), room("context"), room("off")],
        }),
    );
    const started = await start(
        bridgeProgram, ["serve", "--config", configuration], "stdout", /^pushbridge ready: http:\/\/(\S+)/m,
    );
    bridge = started.child;
    address = started.match[1];
});

after(async () => {
    await stop(bridge);
    if (folder) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

const texts = ["", "a", "é".repeat(63), "x".repeat(125), "y".repeat(126), JSON.stringify({ goals: Array(20_000).fill(1) })];
const binaries = [0, 1, 127, 65_535, 65_536, 1 << 20].map((size) => randomBytes(size));

async function open(path, options) {
    const client = new ws.WebSocket(`ws://${address}${path}`, options);
    await once(client, "open");
    return client;
}

async function echo(client, message) {
    const answer = once(client, "message");
    client.send(message);
    const [data, isBinary] = await answer;
    assert.equal(isBinary, typeof message !== "string");
    return data;
}

describe("node's ws", { skip: withoutWS }, () => {
    const offers = [
        ["no offer", false],
        ["its own offer", true],
        ["no takeover on either side", { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: 0 }],
        ["windows of 512 bytes", { serverMaxWindowBits: 9, clientMaxWindowBits: 9, threshold: 0 }],
        ["every message compressed", { threshold: 0 }],
    ];
    for (const route of ["/shared", "/context", "/off"]) {
        for (const [name, perMessageDeflate] of offers) {
            test(`${route} with ${name}: every message comes back as it was`, limit, async () => {
                const client = await open(route, { perMessageDeflate });
                const isAgreed = perMessageDeflate !== false && route !== "/off";
                assert.equal("permessage-deflate" in (client._extensions ?? {}), isAgreed, client.extensions);
                for (const text of texts) assert.equal(String(await echo(client, text)), text);
                for (const bytes of binaries) assert.ok(bytes.equals(await echo(client, bytes)));
                const closed = once(client, "close");
                client.close(1000, "done");
                assert.equal((await closed)[0], 1000);
            });
        }
    }

    test("a large message that repeats itself comes back compressed", limit, async () => {
        for (const route of ["/shared", "/context"]) {
            const client = await open(route, { perMessageDeflate: true });
            const text = "0123456789".repeat(100_000);
            assert.equal(String(await echo(client, text)), text);
            assert.ok(client._socket.bytesRead < 20_000, `${client._socket.bytesRead} bytes for a megabyte`);
            client.terminate();
        }
    });

    test("a message in fragments, with a ping between them, is one message", limit, async () => {
        const client = await open("/shared", { perMessageDeflate: { threshold: 0 } });
        const answer = once(client, "message");
        const pong = once(client, "pong");
        client.send("one ".repeat(100), { fin: false });
        client.ping("between");
        client.send("two ".repeat(100), { fin: false });
        client.send("three", { fin: true });
        assert.equal(String((await answer)[0]), "one ".repeat(100) + "two ".repeat(100) + "three");
        assert.equal(String((await pong)[0]), "between");
        client.terminate();
    });

    test("a message over the limit ends with 1009, a bomb too", limit, async () => {
        for (const perMessageDeflate of [false, true]) {
            const client = await open("/context", { perMessageDeflate, maxPayload: 0 });
            client.on("error", () => {});
            const closed = once(client, "close");
            client.send(Buffer.alloc((4 << 20) + 1));
            assert.equal((await closed)[0], 1009);
        }
    });
});

describe("Chromium", { skip: withoutChromium }, () => {
    let browser, devTools, profile;
    let nextID = 0;

    function command(method, params, sessionId) {
        const id = (nextID += 1);
        devTools.send(JSON.stringify({ id, method, params, sessionId }));
        return new Promise((resolve, reject) => {
            devTools.on("message", function hear(data) {
                const answer = JSON.parse(data);
                if (answer.id !== id) return;
                devTools.off("message", hear);
                if (answer.error) reject(new Error(answer.error.message));
                else resolve(answer.result);
            });
        });
    }

    before(async () => {
        profile = mkdtempSync(join(tmpdir(), "pushbridge-chromium-"));
        const started = await start(
            chromiumProgram,
            [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                "--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank",
            ],
            "stderr",
            /DevTools listening on (ws:\S+)/,
        );
        browser = started.child;
        devTools = new ws.WebSocket(started.match[1], { perMessageDeflate: false });
        devTools.setMaxListeners(0);
        await once(devTools, "open");
    }, limit);

    after(async () => {
        devTools?.terminate();
        await stop(browser);
        if (profile) rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    });

    // Runs in the page.
    async function exchange(url, texts) {
        const socket = new WebSocket(url);
        socket.binaryType = "arraybuffer";
        const next = () =>
            new Promise((resolve, reject) => {
                socket.onmessage = (event) => resolve(event.data);
                socket.onclose = (event) => reject(new Error(`closed: ${event.code}`));
            });
        await new Promise((resolve, reject) => {
            socket.onopen = resolve;
            socket.onerror = () => reject(new Error("no connection"));
        });
        let right = 0;
        for (const text of texts) {
            const answer = next();
            socket.send(text);
            if ((await answer) === text) right += 1;
        }
        for (const size of [0, 1, 127, 65535, 65536, 300000]) {
            const bytes = Uint8Array.from({ length: size }, (_, index) => (index * 7919) >> 3);
            const answer = next();
            socket.send(bytes);
            const received = new Uint8Array(await answer);
            if (received.length === size && received.every((byte, index) => byte === bytes[index])) right += 1;
        }
        const closed = new Promise((resolve) => { socket.onclose = resolve; });
        socket.close(1000);
        const { code, wasClean } = await closed;
        return { extensions: socket.extensions, right, code, wasClean };
    }

    for (const route of ["/shared", "/context", "/off"]) {
        test(`${route}: every message comes back as it was`, limit, async () => {
            const { targetId } = await command("Target.createTarget", { url: "about:blank" });
            const { sessionId } = await command("Target.attachToTarget", { targetId, flatten: true });
            const expression = `(${exchange})(${JSON.stringify(`ws://${address}${route}`)}, ${JSON.stringify(texts)})`;
            const answer = await command(
                "Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true }, sessionId,
            );
            assert.equal(answer.exceptionDetails, undefined, answer.exceptionDetails?.exception?.description);
            const { extensions, right, code, wasClean } = answer.result.value;
            assert.equal(right, texts.length + 6);
            assert.deepEqual([code, wasClean], [1000, true]);
            assert.equal(extensions.startsWith("permessage-deflate"), route !== "/off", extensions);
            assert.equal(extensions.includes("no_context_takeover"), route === "/shared", extensions);
        });
    }
});
