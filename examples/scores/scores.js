// One board, two feeds of the same scores.

import { Scoreboard } from '/demo/scoreboard.js';
import { connect } from '/pushbridge.js';
import { matchesFromXML } from './xml-feed.js';

const feeds = {
    json: { path: '/scores', matches: (document) => document.matches },
    xml: { path: '/scores-xml', matches: matchesFromXML },
};

const element = (id) => document.getElementById(id);
const bridge = connect('/connect');
const board = new Scoreboard(element('matches'));
let scores;

function subscribe() {
    scores?.close();
    board.clear();
    const { league, feed } = Object.fromEntries(new FormData(element('choices')));
    const { path, matches } = feeds[feed];
    const topic = `${path}/${league}`;
    element('topic').textContent = topic;
    scores = bridge.subscribe(topic, {
        onchange: (document) => board.show({ matches: matches(document) }),
        onstatus: ({ state }) => {
            if (state === 'closed') return;
            element('state').dataset.state = state;
            element('state').textContent = state;
        },
    });
}

element('choices').onchange = subscribe;
subscribe();
