// One board, two feeds of the same scores.

import { Scoreboard } from '/demo/scoreboard.js';
import { connect } from '/pushbridge.js';
import { matchesFromXML } from './xml-feed.js';

const leagues = { premier: 'Premier', laliga: 'La Liga', bundesliga: 'Bundesliga', seriea: 'Serie A' };
const feeds = {
    JSON: { path: '/scores', matches: (document) => document.matches },
    XML: { path: '/scores-xml', matches: matchesFromXML },
};

const element = (id) => document.getElementById(id);
const bridge = connect('/connect');
const board = new Scoreboard(element('matches'));
const chosen = { leagues: 'premier', feeds: 'JSON' };
let scores;

function subscribe() {
    scores?.close();
    board.clear();
    const { path, matches } = feeds[chosen.feeds];
    const topic = `${path}/${chosen.leagues}`;
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

function offer(id, choices) {
    for (const [value, text] of Object.entries(choices)) {
        const input = Object.assign(document.createElement('input'), {
            type: 'radio', name: id, value, checked: value === chosen[id],
            onchange: () => {
                chosen[id] = value;
                subscribe();
            },
        });
        const label = document.createElement('label');
        const span = document.createElement('span');
        span.textContent = text;
        label.append(input, span);
        element(id).append(label);
    }
}

offer('leagues', leagues);
offer('feeds', { JSON: 'JSON', XML: 'XML' });
subscribe();
