// What a terminal sends for a key, as xterm does.

const arrows = { ArrowUp: 'A', ArrowDown: 'B', ArrowRight: 'C', ArrowLeft: 'D', Home: 'H', End: 'F' };
const numbered = { Insert: 2, Delete: 3, PageUp: 5, PageDown: 6, F5: 15, F6: 17, F7: 18, F8: 19, F9: 20, F10: 21, F11: 23, F12: 24 };
const functions = { F1: 'P', F2: 'Q', F3: 'R', F4: 'S' };
const single = { Enter: '\r', Tab: '\t', Escape: '\x1b', Backspace: '\x7f' };
const controlled = { '@': '\0', ' ': '\0', '[': '\x1b', '\\': '\x1c', ']': '\x1d', '^': '\x1e', _: '\x1f', '/': '\x1f', '?': '\x7f' };

/** `event`: a KeyboardEvent. Undefined where the key writes text, which comes as input, or is the browser's. */
export function keySequence({ key, ctrlKey, altKey, shiftKey, metaKey }, { applicationCursor = false } = {}) {
    if (metaKey) return undefined;
    const modifier = 1 + (shiftKey ? 1 : 0) + (altKey ? 2 : 0) + (ctrlKey ? 4 : 0);
    if (arrows[key]) {
        if (modifier > 1) return `\x1b[1;${modifier}${arrows[key]}`;
        return `\x1b${applicationCursor ? 'O' : '['}${arrows[key]}`;
    }
    if (numbered[key]) return `\x1b[${numbered[key]}${modifier > 1 ? `;${modifier}` : ''}~`;
    if (functions[key]) return modifier > 1 ? `\x1b[1;${modifier}${functions[key]}` : `\x1bO${functions[key]}`;
    const meta = altKey ? '\x1b' : '';
    if (key === 'Tab' && shiftKey) return '\x1b[Z';
    if (key === 'Backspace' && ctrlKey) return `${meta}\b`;
    if (single[key]) return meta + single[key];
    if ([...key].length !== 1) return undefined;
    if (ctrlKey) {
        if (/^[a-z]$/i.test(key)) return meta + String.fromCharCode(key.toUpperCase().charCodeAt(0) - 64);
        return controlled[key] === undefined ? undefined : meta + controlled[key];
    }
    return altKey ? meta + key : undefined;
}
