// Comments of all who watch fly over the scene: a channel, and nothing that is kept.

import { connect } from '/pushbridge.js';
import { Lanes } from './lanes.js';
import { draw } from './scene.js';

const DURATION = 8000;
const COLOURS = ['white', 'gold', 'mint', 'rose'];

const element = (id) => document.getElementById(id);
const stage = element('stage');
const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches;
let lanes = new Lanes(1);
let count = 0;

const comments = connect('/connect').subscribe('/comments/lake', {
    onmessage: (message) => {
        // Anybody may send anything to a channel.
        const text = typeof message?.text === 'string' ? message.text.trim().slice(0, 80) : '';
        if (text !== '') fly(text, COLOURS.includes(message.colour) ? message.colour : COLOURS[0]);
    },
    onstatus: ({ state }) => {
        element('state').dataset.state = state;
        element('state').textContent = state;
    },
});

function fly(text, colour) {
    const comment = document.createElement('p');
    comment.className = `comment ${colour}`;
    comment.textContent = text;
    stage.append(comment);
    count += 1;
    element('count').textContent = count;
    const [width, away] = [comment.offsetWidth, stage.clientWidth];
    const lane = lanes.take(performance.now(), width, away, DURATION);
    comment.style.top = `${(lane + 0.25) * laneHeight()}px`;
    const path = isStill ? [{ opacity: 1 }, { opacity: 1 }]
        : [{ transform: `translateX(${away}px)` }, { transform: `translateX(${-width}px)` }];
    comment.animate(path, { duration: DURATION, fill: 'both' }).onfinish = () => comment.remove();
}

function laneHeight() {
    return parseFloat(getComputedStyle(stage).fontSize) * 1.75;
}

function measure() {
    lanes = new Lanes(Math.max(1, Math.floor(stage.clientHeight * 0.8 / laneHeight())));
}

element('say').onsubmit = async (event) => {
    event.preventDefault();
    const { text, colour } = event.target.elements;
    const said = text.value.trim();
    if (said === '') return;
    text.value = '';
    try {
        element('trouble').textContent = '';
        await comments.send({ text: said, colour: colour.value });
    } catch (error) {
        element('trouble').textContent = error.code === 429 ? 'Not so fast: two a second.' : `Not sent: ${error.message}`;
        if (text.value === '') text.value = said;
    }
};

addEventListener('resize', measure);
measure();

if (isStill) {
    draw(element('scene'), 0);
    addEventListener('resize', () => draw(element('scene'), 0));
} else {
    requestAnimationFrame(function frame(time) {
        draw(element('scene'), time);
        requestAnimationFrame(frame);
    });
}
