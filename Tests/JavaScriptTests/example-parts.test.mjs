import assert from "node:assert/strict";
import { test } from "node:test";
import { matchesFromXML } from "../../examples/scores/xml-feed.js";
import { PriceHistory } from "../../examples/quotes/sparkline.js";
import { Glide } from "../../examples/vehicles/glide.js";
import { Lanes } from "../../examples/comments/lanes.js";

test("a match of the XML feed becomes one of the JSON feed", () => {
    const side = (short, goals) => ({ "@short": short, "@yellow": "1", "@red": "0", "@goals": goals, "#text": `Team ${short}` });
    const match = { "@id": "m1", "@status": "live", minute: "12", home: side("ABC", "2"), away: side("XYZ", "0") };
    const team = (short, goals) => ({ name: `Team ${short}`, short, goals, cards: { yellow: 1, red: 0 } });
    const expected = { id: "m1", status: "live", minute: 12, home: team("ABC", 2), away: team("XYZ", 0) };
    assert.deepEqual(matchesFromXML({ scores: { match: [match] } }), [{ ...expected, events: [] }]);
    match.event = [{ "@id": "e1", "@type": "goal", "@minute": "9", "@team": "ABC", "#text": "A. Player" }];
    const event = { id: "e1", type: "goal", minute: 9, team: "ABC", player: "A. Player" };
    assert.deepEqual(matchesFromXML({ scores: { match: [match] } }), [{ ...expected, events: [event] }]);
});

test("a price is drawn as steps within its box, and a lone one as a level line", () => {
    const history = new PriceHistory(1000);
    history.add(0, 10);
    assert.equal(history.paths(10, 100, 20).line, "M0 10H100");
    history.add(500, 12);
    history.add(1000, 11);
    assert.equal(history.paths(10, 100, 20).line, "M0 18H50V2H100V10H100");
    assert.deepEqual([history.low, history.high], [10, 12]);
});

test("prices from before the span are forgotten, save the one that the line comes in with", () => {
    const history = new PriceHistory(1000);
    for (let time = 0; time <= 5000; time += 100) history.add(time, time);
    assert.equal(history.low, 3900);
    history.add(100, 7);
    assert.deepEqual([history.low, history.high], [7, 7], "a clock that was set back begins anew");
});

test("a vehicle glides to its next report, on from where it is seen, the short way round", () => {
    const glide = new Glide();
    glide.report({ x: 0, y: 0, heading: 350 }, 0, 0);
    assert.deepEqual(glide.at(100), { x: 0, y: 0, heading: 350 });
    glide.report({ x: 10, y: 20, heading: 10 }, 100, 200);
    assert.deepEqual(glide.at(200), { x: 5, y: 10, heading: 0 });
    glide.report({ x: 5, y: 10, heading: 180 }, 200, 200);
    assert.deepEqual(glide.at(200), { x: 5, y: 10, heading: 0 });
    assert.deepEqual(glide.at(1000), { x: 5, y: 10, heading: 180 });
});

test("a comment takes the first lane in which it runs into no other", () => {
    const lanes = new Lanes(2);
    const take = (now, width) => lanes.take(now, width, 1000, 8000);
    assert.equal(take(0, 200), 0);
    assert.equal(take(10, 200), 1, "the first lane's comment has not entered the stage as a whole yet");
    assert.equal(take(1000, 200), 0, "neither has the second's: the lane that was used the longest ago");
    assert.equal(take(1400, 200), 1, "the comment before has entered, and is as fast");
    assert.equal(take(9400, 1000), 0);
    const quick = new Lanes(2);
    assert.equal(quick.take(0, 10, 1000, 8000), 0);
    assert.equal(quick.take(1000, 1000, 1000, 8000), 1, "a longer one is faster, and would catch up with the one before");
});
