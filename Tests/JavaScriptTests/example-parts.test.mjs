import assert from "node:assert/strict";
import { test } from "node:test";
import { matchesFromXML } from "../../examples/scores/xml-feed.js";
import { PriceHistory } from "../../examples/quotes/sparkline.js";
import { Glide } from "../../examples/vehicles/glide.js";

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
