import assert from "node:assert/strict";
import { test } from "node:test";
import { BackOff } from "../../examples/demo/back-off.js";
import { CounterRate, Measurement, backendCost, formatAge, formatBytes, median } from "../../examples/demo/measure.js";

const board = (...goals) => ({
    matches: [{ events: [{ id: "k", type: "kickoff", at: 0 }, ...goals.map(([id, at]) => ({ id, type: "goal", at }))] }],
});

test("goals of the first document are not counted as news", () => {
    const measurement = new Measurement();
    measurement.observe(board(["a", 1000]), 9000);
    assert.equal(measurement.lastAge, null);
});

test("a goal is measured once, when it is first seen", () => {
    const measurement = new Measurement();
    measurement.observe(board(), 1000);
    measurement.observe(board(["a", 1500]), 2000);
    measurement.observe(board(["a", 1500]), 4000);
    measurement.observe(board(["a", 1500], ["b", 4900]), 5000);
    assert.deepEqual(measurement.ages, [500, 100]);
    assert.equal(measurement.lastAge, 100);
    assert.equal(measurement.medianAge, 300);
});

test("the median is the middle, or the mean of the two in the middle", () => {
    assert.equal(median([]), null);
    assert.equal(median([5, 1, 9]), 5);
    assert.equal(median([10, 2, 4, 100]), 7);
});

test("a rate is counted between the first and the last request", () => {
    const measurement = new Measurement();
    measurement.request(100, 0);
    assert.equal(measurement.requestsPerSecond, null);
    measurement.request(300, 2000);
    measurement.request(200, 4000);
    assert.equal(measurement.requestsPerSecond, 0.5);
    assert.equal(measurement.bytesPerRequest, 200);
});

test("a counter's rate waits until it was watched long enough, and begins anew after a reset", () => {
    const rate = new CounterRate();
    rate.sample({ requests: 100, bytes: 1000 }, 0);
    rate.sample({ requests: 102, bytes: 3000 }, 4000);
    assert.equal(rate.rate(), null);
    rate.sample({ requests: 105, bytes: 6000 }, 10000);
    assert.deepEqual(rate.rate(), { requestsPerSecond: 0.5, bytesPerSecond: 500 });
    rate.sample({ requests: 1, bytes: 10 }, 12000);
    assert.equal(rate.rate(), null);
});

test("polling grows with the clients, the bridge does not", () => {
    const polling = { requestsPerSecond: 0.5, bytesPerRequest: 1000 };
    const bridge = { requestsPerSecond: 0.5, bytesPerSecond: 400 };
    const cost = backendCost(100, polling, bridge);
    assert.deepEqual(cost.polling, { requestsPerSecond: 50, bytesPerHour: 180000000 });
    assert.deepEqual(cost.bridge, { requestsPerSecond: 0.5, bytesPerHour: 1440000 });
    assert.equal(backendCost(1, { requestsPerSecond: null }, null).polling, null);
});

test("numbers read well", () => {
    assert.equal(formatBytes(0), "0\u00a0B");
    assert.equal(formatBytes(999), "999\u00a0B");
    assert.equal(formatBytes(9512), "9.51\u00a0KB");
    assert.equal(formatBytes(999900), "1\u00a0MB");
    assert.equal(formatBytes(123456789), "123\u00a0MB");
    assert.equal(formatAge(12.4), "12\u00a0ms");
    assert.equal(formatAge(1234), "1.2\u00a0s");
});

test("waits double up to the limit, and never fall below half of it", () => {
    const longest = new BackOff({ first: 500, limit: 4000, random: () => 1 });
    assert.deepEqual(Array.from({ length: 5 }, () => longest.next()), [500, 1000, 2000, 4000, 4000]);
    longest.reset();
    assert.equal(longest.next(), 500);
    const shortest = new BackOff({ first: 500, limit: 4000, random: () => 0 });
    assert.deepEqual([shortest.next(), shortest.next()], [250, 500]);
});
