// The page: two clients of the same league, what each costs, and two consoles.

import { CounterRate, Measurement, backendCost, formatAge, formatBytes, formatNumber } from "./measure.js";
import { PollClient } from "./poll-client.js";
import { PushClient } from "./push-client.js";
import { Scoreboard } from "./scoreboard.js";
import { Room, TunnelConsole } from "./talk.js";

const pollInterval = 2000;
const clientCounts = [1, 100, 10000];
const bridgeAddress = `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}`;

const element = (id) => document.getElementById(id);

/** One of the two boards: its table, its numbers and its state. */
class Side {
    constructor(id) {
        this.root = element(id);
        this.board = new Scoreboard(this.root.querySelector("tbody"));
        this.stateElement = this.root.querySelector(".state");
        this.measurement = new Measurement();
    }

    begin(address) {
        this.measurement = new Measurement();
        this.board.clear();
        this.root.querySelector(".address").textContent = address;
        this.root.querySelector(".address").title = address;
    }

    show(data) {
        this.measurement.observe(data, Date.now());
        this.board.show(data);
    }

    state(state, text) {
        setState(this.stateElement, state, text);
    }

    showNumbers(perRequest) {
        const { requests, bytes, lastAge, medianAge, ages } = this.measurement;
        this.#number("requests", formatNumber(requests), perRequest);
        this.#number("bytes", formatBytes(bytes), "");
        const note = ages.length === 0
            ? "waiting for a goal"
            : `median ${formatAge(medianAge)}, ${ages.length} goal${ages.length === 1 ? "" : "s"}`;
        this.#number("age", lastAge === null ? "–" : formatAge(lastAge), note);
    }

    #number(name, text, note) {
        const small = document.createElement("small");
        small.textContent = note;
        this.root.querySelector(`.${name}`).replaceChildren(text, small);
    }
}

function setState(target, state, text) {
    if (target.dataset.state === state && target.textContent === text) return;
    target.dataset.state = state;
    target.textContent = text;
}

/** The legacy API's base address and the leagues it has, as the bridge's demo tells them. */
async function demoInformation() {
    const fallback = { legacy: `${location.protocol}//${location.hostname}:8081`, leagues: ["premier"] };
    try {
        const response = await fetch("/demo.json", { cache: "no-store" });
        if (!response.ok) return fallback;
        return { ...fallback, ...(await response.json()) };
    } catch {
        return fallback;
    }
}

async function leagueNames(legacy, ids) {
    try {
        const response = await fetch(`${legacy}/legacy/leagues`);
        const { leagues } = await response.json();
        const names = new Map(leagues.map((league) => [league.id, league.name]));
        return ids.map((id) => ({ id, name: names.get(id) ?? id }));
    } catch {
        return ids.map((id) => ({ id, name: id }));
    }
}

const polled = new Side("polled");
const pushed = new Side("pushed");
let running = null;

function choose(league, legacy) {
    running?.poll.stop();
    running?.push.stop();
    const legacyPath = `/legacy/scores?league=${encodeURIComponent(league)}`;
    const bridgePath = `/scores/${encodeURIComponent(league)}`;
    polled.begin(`GET ${legacy}${legacyPath}`);
    pushed.begin(`WebSocket ${bridgeAddress}${bridgePath}`);
    polled.state("connecting", "asking");

    const poll = new PollClient(`${legacy}${legacyPath}`, pollInterval, {
        answer: (bytes, now) => polled.measurement.request(bytes, now),
        document: (data) => polled.show(data),
        trouble: (text) => {
            if (text === null) polled.state("live", "asks every 2 s");
            else polled.state("stale", text);
        },
    });
    const push = new PushClient(`${bridgeAddress}${bridgePath}`, {
        request: () => { pushed.measurement.requests += 1; },
        message: (bytes) => pushed.measurement.message(bytes),
        document: (data) => pushed.show(data),
        status: (state, detail) => {
            const words = { connecting: "connecting", live: "live", stale: "stale", failed: "error", offline: "not connected" };
            const text = detail === "" ? words[state] : `${words[state]}: ${detail}`;
            pushed.state(state, text);
            setState(element("connection"), state, state === "live" ? "connected to the bridge" : words[state]);
        },
    });
    running = { poll, push, legacyPath, bridgeRate: new CounterRate(), began: Date.now() };
    poll.start();
    push.start();
    showNumbers();
}

async function sampleBackend(legacy) {
    const current = running;
    if (current === null) return;
    try {
        const response = await fetch(`${legacy}/legacy/stats`, { cache: "no-store" });
        const statistics = await response.json();
        const bridge = statistics.byPath?.[current.legacyPath]?.bridge;
        if (bridge !== undefined) current.bridgeRate.sample(bridge, Date.now());
    } catch {
        // The legacy API is away: the left board says so, and the last rate stays.
    }
}

function showNumbers() {
    const { requestsPerSecond, bytesPerRequest } = polled.measurement;
    polled.showNumbers(bytesPerRequest === null ? "" : `${formatBytes(bytesPerRequest)} each`);
    const messages = pushed.measurement.messages;
    pushed.showNumbers(messages === 0 ? "" : `${formatNumber(messages)} message${messages === 1 ? "" : "s"}`);
    showVerdict();
    showCost();
    element("formula-rate").textContent = requestsPerSecond === null ? "r" : formatNumber(requestsPerSecond);
    element("formula-size").textContent = bytesPerRequest === null ? "b" : formatBytes(bytesPerRequest);
    const seconds = running === null ? 0 : (Date.now() - running.began) / 1000;
    element("formula-push").textContent = seconds < 6 ? "–" : `${formatBytes(pushed.measurement.bytes / seconds)}/s`;
}

function showVerdict() {
    const before = polled.measurement;
    const after = pushed.measurement;
    change("verdict-requests", formatNumber(before.requests), formatNumber(after.requests));
    change("verdict-bytes", formatBytes(before.bytes), formatBytes(after.bytes));
    if (before.medianAge === null || after.medianAge === null) element("verdict-age").textContent = "–";
    else change("verdict-age", formatAge(before.medianAge), formatAge(after.medianAge));
}

function change(id, before, after) {
    const parts = [before, " → ", after].map((text, index) => {
        const span = document.createElement("span");
        span.className = ["before", "arrow", "after"][index];
        span.textContent = text;
        return span;
    });
    const spoken = document.createElement("span");
    spoken.className = "hidden";
    spoken.textContent = `${before} polled, ${after} pushed`;
    for (const part of parts) part.ariaHidden = "true";
    element(id).replaceChildren(...parts, spoken);
}

function showCost() {
    const bridge = running?.bridgeRate.rate() ?? null;
    const rows = clientCounts.map((count) => {
        const cost = backendCost(count, polled.measurement, bridge);
        const row = document.createElement("tr");
        const head = document.createElement("th");
        head.scope = "row";
        head.textContent = formatNumber(count);
        row.append(head);
        for (const side of [cost.polling, cost.bridge]) {
            const rate = document.createElement("td");
            rate.textContent = side === null ? "…" : formatNumber(side.requestsPerSecond);
            const bytes = document.createElement("td");
            bytes.textContent = side === null ? "…" : formatBytes(side.bytesPerHour);
            row.append(rate, bytes);
        }
        return row;
    });
    element("cost-rows").replaceChildren(...rows);
}

async function begin() {
    new TunnelConsole(element("tunnel"), `${bridgeAddress}/tunnel/chat`).connect();
    new Room(element("room"), `${bridgeAddress}/rooms/lobby`).connect();

    const { legacy, leagues } = await demoInformation();
    element("stats-link").href = `${legacy}/legacy/stats`;
    const wanted = new URLSearchParams(location.search).get("league");
    const first = leagues.includes(wanted) ? wanted : leagues[0];
    choose(first, legacy);
    setInterval(showNumbers, 500);
    setInterval(() => sampleBackend(legacy), pollInterval);

    for (const { id, name } of await leagueNames(legacy, leagues)) {
        const label = document.createElement("label");
        const input = document.createElement("input");
        const text = document.createElement("span");
        Object.assign(input, { type: "radio", name: "league", value: id, checked: id === first });
        input.addEventListener("change", () => {
            history.replaceState(null, "", `?league=${encodeURIComponent(id)}`);
            choose(id, legacy);
        });
        text.textContent = name;
        label.append(input, text);
        element("leagues").append(label);
    }
}

begin();
