// A map whose vehicles are where the newest report says.

import { connect } from '/pushbridge.js';
import { Glide } from './glide.js';

const closeUp = { width: 400, height: 240 };
// Around the town, for the signs of what is at its edge.
const margin = 30;
const element = (id) => document.getElementById(id);
const calm = matchMedia('(prefers-reduced-motion: reduce)');

const fleet = new Map();
let whole = { width: 1000, height: 600 };
let view = { x: 0, y: 0, ...whole };
let chosen;
let reports = 0;
let lastReport;

connect('/connect').subscribe('/vehicles', {
    onchange: show,
    onstatus: ({ state }) => {
        element('state').dataset.state = state;
        element('state').textContent = state;
    },
});
requestAnimationFrame(draw);

function show({ at, map, lines, vehicles }) {
    whole = map;
    const now = performance.now();
    const interval = lastReport === undefined || calm.matches ? 0 : at - lastReport;
    lastReport = at;
    reports += 1;
    element('reports').textContent = reports;
    if (element('lines').childElementCount === 0) lines.forEach(drawLine);
    for (const report of vehicles) {
        if (!fleet.has(report.id)) fleet.set(report.id, new Vehicle(report, lines.find(({ id }) => id === report.line)));
        fleet.get(report.id).report(report, now, interval);
    }
    const present = new Set(vehicles.map(({ id }) => id));
    for (const [id, vehicle] of fleet) {
        if (present.has(id)) continue;
        vehicle.remove();
        fleet.delete(id);
        if (chosen === id) choose(undefined);
    }
}

function drawLine({ id, color, path }) {
    const shape = svg('path', { d: `M${path.map((corner) => corner.join(' ')).join('L')}Z`, stroke: color });
    const stops = path.map(([cx, cy]) => svg('circle', { cx, cy, r: 5, stroke: color }));
    element('lines').append(shape, ...stops);
    const section = document.createElement('section');
    const title = document.createElement('h3');
    title.textContent = `${id.startsWith('T') ? 'Tram' : 'Bus'} ${id}`;
    title.style.setProperty('--line-color', color);
    const list = document.createElement('ul');
    list.dataset.line = id;
    section.append(title, list);
    element('fleet').append(section);
}

class Vehicle {
    #glide = new Glide();
    #group = svg('g', { class: 'vehicle' });
    #arrow;
    #body;
    #item = document.createElement('li');
    #button = document.createElement('button');
    #status = document.createElement('small');

    constructor({ id, line }, { color }) {
        this.#arrow = svg('path', { d: 'M0 -17L7 -8H-7Z', fill: color });
        this.#body = svg('g', {});
        const label = svg('text', { y: 26 });
        label.textContent = id;
        this.#body.append(this.#arrow, svg('circle', { r: 10, fill: color }), label);
        this.#group.append(this.#body);
        this.#group.dataset.id = id;
        this.#button.append(id, this.#status);
        this.#item.append(this.#button);
        this.#group.onclick = () => choose(id);
        this.#button.onclick = () => choose(id);
        this.mark(false);
        element('vehicles').append(this.#group);
        document.querySelector(`[data-line="${CSS.escape(line)}"]`)?.append(this.#item);
    }

    report(position, now, interval) {
        this.#glide.report(position, now, interval);
        this.#status.textContent = position.status;
    }

    /** Draws the vehicle, and gives where it is. */
    draw(now, scale) {
        const { x, y, heading } = this.#glide.at(now);
        this.#group.setAttribute('transform', `translate(${x.toFixed(2)} ${y.toFixed(2)})`);
        this.#body.setAttribute('transform', `scale(${scale.toFixed(3)})`);
        this.#arrow.setAttribute('transform', `rotate(${heading.toFixed(1)})`);
        return { x, y };
    }

    mark(isChosen) {
        this.#group.classList.toggle('chosen', isChosen);
        this.#button.ariaPressed = String(isChosen);
    }

    remove() {
        this.#group.remove();
        this.#item.remove();
    }
}

/** Follows a vehicle, or where it is followed already shows the whole town again. */
function choose(id) {
    chosen = id === chosen ? undefined : id;
    for (const [key, vehicle] of fleet) vehicle.mark(key === chosen);
    element('following').textContent = chosen ? `Following ${chosen}; choose it again for the whole town.` : 'Choose a vehicle to follow it.';
}

function draw(now) {
    requestAnimationFrame(draw);
    const width = element('map').clientWidth;
    // Until its style has come the map has no size.
    if (width === 0) return;
    // On a small screen the map shrinks, its signs do not.
    const scale = Math.max(0.6, (view.width / width) * (width < 600 ? 0.85 : 1.1));
    let target = { x: -margin, y: -margin, width: whole.width + 2 * margin, height: whole.height + 2 * margin };
    for (const [id, vehicle] of fleet) {
        const { x, y } = vehicle.draw(now, scale);
        if (id === chosen) target = { x: x - closeUp.width / 2, y: y - closeUp.height / 2, ...closeUp };
    }
    const pace = calm.matches ? 1 : 0.12;
    for (const key of Object.keys(target)) view[key] += (target[key] - view[key]) * pace;
    element('map').setAttribute('viewBox', [view.x, view.y, view.width, view.height].map((value) => value.toFixed(2)).join(' '));
}

function svg(name, attributes) {
    const node = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
}
