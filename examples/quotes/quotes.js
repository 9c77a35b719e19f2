// A price list of which the page hears as often as it asks for.

import { connect } from '/pushbridge.js';
import { PriceHistory } from './sparkline.js';

const element = (id) => document.getElementById(id);
const money = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const percent = new Intl.NumberFormat('en', { style: 'percent', minimumFractionDigits: 2, signDisplay: 'exceptZero' });
const whole = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

const bridge = connect('/connect');
const rows = new Map();
let chosen;
let quotes;
let updates = 0;

function subscribe(maxRate) {
    const { id: since, document: known } = quotes ?? {};
    quotes?.close();
    updates = 0;
    quotes = bridge.subscribe('/quotes', {
        maxRate,
        // Where the last subscription was: nothing is sent twice.
        since: since ?? undefined,
        document: known,
        onchange: show,
        onstatus: ({ state }) => {
            if (state === 'closed') return;
            element('state').dataset.state = state;
            element('state').textContent = state;
        },
    });
}

function show({ at, quotes: list }) {
    updates += 1;
    element('updates').textContent = updates;
    for (const quote of list) {
        if (!rows.has(quote.symbol)) rows.set(quote.symbol, new Row(quote));
        rows.get(quote.symbol).show(at, quote);
    }
    choose(chosen ?? list[0].symbol);
}

class Row {
    #element = document.createElement('tr');
    #button = document.createElement('button');
    #history = new PriceHistory();
    #quote;

    constructor({ symbol, name }) {
        this.#button.textContent = symbol;
        this.#element.insertCell().append(this.#button);
        this.#cell('name').textContent = name;
        this.#cell('line').append(chart(120, 26));
        this.#cell('price');
        this.#cell('change');
        this.#element.onclick = () => choose(symbol);
        element('quotes').append(this.#element);
    }

    #cell(name) {
        const cell = this.#element.insertCell();
        cell.className = name;
        return cell;
    }

    show(at, quote) {
        const before = this.#quote?.price ?? quote.price;
        this.#history.add(at, quote.price);
        this.#quote = quote;
        const [, , line, price, change] = this.#element.cells;
        price.textContent = money.format(quote.price);
        if (quote.price !== before) {
            price.classList.remove('rose', 'fell');
            // Reading a size makes the browser see the class go before it comes again, so the animation starts over.
            void price.offsetWidth;
            price.classList.add(quote.price > before ? 'rose' : 'fell');
        }
        showChange(change, quote);
        draw(line.firstChild, this.#history, quote, 120, 26);
    }

    mark(isChosen) {
        this.#button.ariaPressed = String(isChosen);
    }

    showDetail() {
        const quote = this.#quote;
        element('detail-name').textContent = quote.name;
        element('detail-price').textContent = money.format(quote.price);
        element('detail-low').textContent = money.format(this.#history.low);
        element('detail-high').textContent = money.format(this.#history.high);
        element('detail-volume').textContent = whole.format(quote.volume);
        showChange(element('detail-change'), quote);
        draw(element('detail-chart'), this.#history, quote, 400, 160);
    }
}

function choose(symbol) {
    chosen = symbol;
    for (const [key, row] of rows) row.mark(key === symbol);
    rows.get(symbol)?.showDetail();
}

function showChange(target, { change, open }) {
    target.textContent = percent.format(change / open);
    target.classList.toggle('rise', change > 0);
    target.classList.toggle('fall', change < 0);
}

function chart(width, height) {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    svg.setAttribute('preserveAspectRatio', 'none');
    svg.setAttribute('aria-hidden', 'true');
    return svg;
}

function draw(svg, history, { change, open }, width, height) {
    svg.setAttribute('class', change < 0 ? 'fall' : 'rise');
    for (const [name, d] of Object.entries(history.paths(open, width, height))) {
        let path = svg.querySelector(`.${name}`);
        if (!path) {
            path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
            path.setAttribute('class', name);
            svg.append(path);
        }
        path.setAttribute('d', d);
    }
}

element('rates').onchange = ({ target }) => subscribe(Number(target.value) || undefined);
subscribe();
