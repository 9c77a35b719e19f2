// A terminal in a page: a WebSocket to a TCP service, a screen, and a keyboard.

import { keySequence } from './keys.js';
import { LineInput } from './line-input.js';
import { Screen } from './screen.js';
import { ScreenView } from './screen-view.js';

const element = (id) => document.getElementById(id);
const keyboard = element('keyboard');
const control = document.querySelector('[data-key="Control"]');
const screen = new Screen();
const view = new ScreenView(screen, {
    view: element('view'), rows: element('screen'), history: element('history'), keyboard,
    onsize: (columns, rows) => {
        screen.resize(columns, rows);
        element('size').textContent = `${columns}×${rows}`;
    },
});
let socket;
/** Null where each key is sent at once. */
let line;

screen.onanswer = (text) => send(text);
screen.onbell = () => element('view').animate([{ opacity: 0.6 }, { opacity: 1 }], 150);

function choice(name) {
    return new FormData(element('choices')).get(name);
}

// The service

function connect() {
    socket?.close();
    const url = new URL(`/tcp/${choice('service')}`, location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    const own = new WebSocket(url, 'binary');
    // Bytes may be cut inside a character.
    const decoder = new TextDecoder();
    own.binaryType = 'arraybuffer';
    own.onopen = () => showState('live', 'connected');
    own.onmessage = ({ data }) => {
        if (own === socket) output(decoder.decode(data, { stream: true }));
    };
    own.onclose = ({ code, reason }) => {
        if (own !== socket) return;
        socket = null;
        showState('offline', 'not connected');
        const why = code === 1000 ? 'The service ended the connection' : reason || `The connection was lost (${code})`;
        output(`\r\n\x1b[0;2m${why}. Enter connects again.\x1b[0m\r\n`);
    };
    socket = own;
    showState('connecting', 'connecting');
    element('title').textContent = url.pathname;
}

function output(text) {
    if (line) line.output(text);
    else screen.write(text);
    element('title').textContent = screen.title || `/tcp/${choice('service')}`;
    view.draw();
}

function send(text) {
    if (socket?.readyState === WebSocket.OPEN) socket.send(new TextEncoder().encode(text));
}

function showState(state, words) {
    element('state').dataset.state = state;
    element('state').textContent = words;
}

// The keyboard

keyboard.onkeydown = (event) => {
    if (event.isComposing) return;
    if (press(event)) {
        event.preventDefault();
        view.toEnd();
    }
};

/** False where the key is the browser's, or writes text. */
function press({ key, ctrlKey, altKey, shiftKey, metaKey }) {
    const isControlled = ctrlKey || control.ariaPressed === 'true';
    // Copying and pasting are the browser's.
    if (isControlled && (key === 'v' || (key === 'c' && !getSelection().isCollapsed))) return false;
    const event = { key, ctrlKey: isControlled, altKey, shiftKey, metaKey };
    if (!socket) {
        if (key === 'Enter') connect();
        return key === 'Enter';
    }
    const sequence = line ? undefined : keySequence(event, screen.modes);
    const isTaken = line ? line.key(event) : sequence !== undefined;
    if (sequence !== undefined) send(sequence);
    if (isTaken) control.ariaPressed = 'false';
    view.draw();
    return isTaken;
}

keyboard.oninput = ({ isComposing }) => {
    if (isComposing) return;
    take(keyboard.value);
    keyboard.value = '';
};
keyboard.addEventListener('compositionend', () => {
    take(keyboard.value);
    keyboard.value = '';
});
keyboard.onpaste = (event) => {
    event.preventDefault();
    const text = event.clipboardData.getData('text/plain');
    if (line) take(text);
    else if (screen.modes.bracketedPaste) send(`\x1b[200~${text.replaceAll('\x1b', '')}\x1b[201~`);
    else send(text.replace(/\r?\n/g, '\r'));
};

function take(text) {
    if (!socket || text === '') return;
    // A keyboard on the screen sends text, and no keys.
    if (control.ariaPressed === 'true' && text.length === 1 && press({ key: text })) return;
    if (line) line.type(text);
    else send(text.replaceAll('\n', '\r'));
    view.draw();
    view.toEnd();
}

element('view').onclick = () => {
    if (getSelection().isCollapsed) keyboard.focus({ preventScroll: true });
};
element('keys').onclick = ({ target }) => {
    const { key } = target.dataset;
    if (key === 'Control') control.ariaPressed = String(control.ariaPressed !== 'true');
    else if (key) press({ key });
    keyboard.focus({ preventScroll: true });
};

// What is chosen

element('choices').onchange = ({ target }) => {
    if (target.name === 'service') {
        // The chat reads lines and echoes nothing; the echo sends back each key.
        element('choices').elements.input.value = target.value === 'echo' ? 'keys' : 'lines';
    }
    screen.write('\x1bc');
    if (target.name === 'service') connect();
    setInput();
    keyboard.focus({ preventScroll: true });
};

function setInput() {
    line = choice('input') === 'lines' ? new LineInput(screen, send) : null;
    view.draw();
}

setInput();
connect();
keyboard.focus({ preventScroll: true });
