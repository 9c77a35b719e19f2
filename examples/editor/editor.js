// The page: a text field whose text is a replica, and who else is writing in it.

import { connect } from '/pushbridge.js';
import { EditHistory } from './edit-history.js';
import { Exchange } from './exchange.js';
import { People } from './people.js';
import { SharedText } from './shared-text.js';
import { textChange } from './text-change.js';

const names = ['Ada', 'Alan', 'Barbara', 'Edsger', 'Grace', 'Hedy', 'Katherine', 'Linus', 'Margaret', 'Radia', 'Tim', 'Vint'];
const element = (id) => document.getElementById(id);
const field = element('text');
const [documentName] = location.hash.slice(1).match(/^[A-Za-z0-9._-]{1,64}$/) ?? ['notes'];
const storageKey = `pushbridge-editor:${documentName}`;

// A new site each time that the page is opened: two windows, or a copy of one, must never write under one name.
const site = [...crypto.getRandomValues(new Uint32Array(3))].map((number) => number.toString(36)).join('');
const text = new SharedText(site);
const edits = new EditHistory(text);
const people = new People(showPeople);
const exchange = new Exchange(text, { send: post });
let bridge;
let channel;
let isThere = false;
let isComposing = false;
let inbox = [];

// The channel

function join() {
    // Channels need a WebSocket: there is nothing to fall back to.
    bridge = connect('/connect', { transports: ['websocket'] });
    channel = bridge.subscribe(`/documents/${documentName}`, {
        onmessage: receive,
        onstatus: ({ state, reason }) => {
            if (state === 'live') enter();
            else if (state === 'error') away('error', reason);
            else if (state === 'offline') away('offline');
        },
    });
}

function enter() {
    isThere = true;
    showState('live', 'live');
    post(presence({ isNew: true }));
    exchange.open();
}

function away(state, words = state) {
    isThere = false;
    exchange.pause();
    people.clear();
    showState(state, words);
}

function post(message) {
    if (!isThere) return;
    // What is lost is found by the next hello.
    channel.send(message).catch(() => {});
    if (message.kind === 'hello') channel.send(presence()).catch(() => {});
}

function receive(message) {
    if (message?.kind === 'person') people.receive(message);
    else if (isComposing) inbox.push(message);
    else take(message);
    // A newcomer should not have to wait for the carets that were there before.
    if (message?.kind === 'person' && message.isNew) postCaret();
}

function presence(more = {}) {
    const caret = document.activeElement === field ? { after: text.anchor(field.selectionEnd) } : undefined;
    return { kind: 'person', site, name: element('name').value, caret, ...more };
}

let caretTimer;

function postCaret() {
    caretTimer ??= setTimeout(() => {
        caretTimer = undefined;
        post(presence());
    }, 100);
}

// The text

field.oninput = () => {
    const { from, to, text: typed } = textChange(text.text, field.value, field.selectionEnd);
    const operations = text.replace(from, to, typed);
    edits.add(operations);
    exchange.publish(operations);
    showText();
    saveSoon();
};
field.onkeydown = (event) => {
    const key = event.key.toLowerCase();
    if (!(event.ctrlKey || event.metaKey) || event.altKey || isComposing || !['z', 'y'].includes(key)) return;
    event.preventDefault();
    const before = text.text;
    exchange.publish(key === 'y' || event.shiftKey ? edits.redo() : edits.undo());
    if (text.text === before) return;
    const { from, text: back } = textChange(before, text.text);
    field.value = text.text;
    field.setSelectionRange(from + back.length, from + back.length);
    showText();
    saveSoon();
};
field.addEventListener('compositionstart', () => { isComposing = true; });
field.addEventListener('compositionend', () => {
    isComposing = false;
    inbox.splice(0).forEach(take);
});
field.addEventListener('blur', postCaret);
document.addEventListener('selectionchange', () => {
    if (document.activeElement === field) postCaret();
});

/** Others' edits: the field changes, and the selection stays where it was in the text. */
function take(message) {
    const places = [field.selectionStart, field.selectionEnd].map((offset) => text.anchor(offset));
    if (!exchange.receive(message)) return;
    const { selectionDirection } = field;
    field.value = text.text;
    field.setSelectionRange(...places.map((anchor) => text.offset(anchor)), selectionDirection);
    showText();
    saveSoon();
}

function showText() {
    element('length').textContent = [...text.text].length;
    element('edits').textContent = text.vector.reduce((sum, [, count]) => sum + count, 0);
    showCarets();
}

// Others

function showPeople() {
    element('people').replaceChildren(...people.all.map(({ name, colour }) => {
        const item = document.createElement('li');
        item.textContent = name;
        item.style.setProperty('--person', colour);
        return item;
    }));
    showCarets();
}

/** The copy of the text below the field, which makes it as high as the text, with the others' carets in it. */
function showCarets() {
    const parts = [];
    let start = 0;
    const carets = people.all
        .filter(({ caret }) => caret)
        .map((person) => ({ ...person, offset: text.offset(person.caret.after) }))
        .sort((left, right) => left.offset - right.offset);
    for (const { name, colour, offset } of carets) {
        const caret = document.createElement('span');
        caret.className = 'caret';
        caret.dataset.name = name;
        caret.style.setProperty('--person', colour);
        parts.push(text.text.slice(start, offset), caret);
        start = offset;
    }
    element('mirror').replaceChildren(...parts, text.text.slice(start));
}

function showState(state, words) {
    element('state').dataset.state = state;
    element('state').textContent = words;
}

// The browser's storage: a text outlives those who are there.

let saveTimer;

function saveSoon() {
    saveTimer ??= setTimeout(save, 500);
}

function save() {
    clearTimeout(saveTimer);
    saveTimer = undefined;
    // What another window has kept there, and could not send, stays.
    const known = new Map(text.vector);
    const others = stored().filter(({ site: author, seq }) => seq > (known.get(author) ?? 0));
    try {
        localStorage.setItem(storageKey, JSON.stringify([...text.missing([]), ...others]));
    } catch {
        // Full or forbidden: the text still is wherever the page is open.
    }
}

function stored() {
    try {
        const operations = JSON.parse(localStorage.getItem(storageKey));
        return Array.isArray(operations) ? operations.filter((operation) => operation !== null) : [];
    } catch {
        return [];
    }
}

function restore() {
    for (const operation of stored()) text.apply(operation);
    try {
        element('name').value = localStorage.getItem('pushbridge-editor-name') ?? '';
    } catch {
        // Forbidden: any name will do.
    }
    element('name').value ||= names[Math.floor(Math.random() * names.length)];
}

element('name').onchange = () => {
    post(presence());
    try {
        localStorage.setItem('pushbridge-editor-name', element('name').value);
    } catch {
        // The name is asked for again.
    }
};
element('apart').onclick = ({ currentTarget: button }) => {
    const isApart = button.ariaPressed !== 'true';
    button.ariaPressed = String(isApart);
    button.textContent = isApart ? 'Go online' : 'Work offline';
    if (isApart) {
        leave();
        away('offline', 'working offline');
    } else {
        showState('connecting', 'connecting');
        join();
    }
};

function leave() {
    post(presence({ isGone: true }));
    bridge.close();
}

addEventListener('pagehide', () => {
    save();
    post(presence({ isGone: true }));
});
addEventListener('hashchange', () => location.reload());

restore();
element('document').textContent = documentName;
field.value = text.text;
showText();
join();
