// How a cell looks. Colours are a number from 0 to 255 (the first 16 are the page's own) or [red, green, blue].

export const plain = Object.freeze({
    foreground: null, background: null, isBold: false, isFaint: false, isItalic: false, isUnderlined: false, isInverse: false,
    isHidden: false, isStruck: false,
});

const switches = {
    1: { isBold: true }, 2: { isFaint: true }, 3: { isItalic: true }, 4: { isUnderlined: true }, 7: { isInverse: true },
    8: { isHidden: true }, 9: { isStruck: true }, 21: { isUnderlined: true }, 22: { isBold: false, isFaint: false },
    23: { isItalic: false }, 24: { isUnderlined: false }, 27: { isInverse: false }, 28: { isHidden: false },
    29: { isStruck: false }, 39: { foreground: null }, 49: { background: null },
};

/** The style after an SGR sequence with these parameters. */
export function styled(style, parameters) {
    let result = style;
    const list = parameters.length === 0 ? [0] : [...parameters];
    while (list.length > 0) {
        const parameter = list.shift();
        const [code, ...more] = Array.isArray(parameter) ? parameter : [parameter];
        if (code === 0 || Number.isNaN(code)) {
            result = plain;
        } else if (code === 38 || code === 48) {
            // With colons the colour is part of the parameter, and may have an empty place for a colour space.
            const colour = Array.isArray(parameter) ? colourOf(more.length > 4 ? [more[0], ...more.slice(2)] : more) : colourOf(list);
            if (colour !== undefined) result = { ...result, [code === 38 ? 'foreground' : 'background']: colour };
        } else if (code === 4 && more.length > 0) {
            result = { ...result, isUnderlined: more[0] !== 0 };
        } else if (switches[code]) {
            result = { ...result, ...switches[code] };
        } else {
            result = { ...result, ...basicColour(code) };
        }
    }
    return result;
}

/** Takes what it needs from the list. */
function colourOf(list) {
    const kind = list.shift();
    if (kind === 5) return byte(list.shift());
    if (kind !== 2) return undefined;
    const parts = list.splice(0, 3).map(byte);
    return parts.length === 3 && !parts.includes(undefined) ? parts : undefined;
}

function byte(number) {
    if (Number.isNaN(number)) return 0;
    return number >= 0 && number <= 255 ? number : undefined;
}

function basicColour(code) {
    if (code >= 30 && code <= 37) return { foreground: code - 30 };
    if (code >= 40 && code <= 47) return { background: code - 40 };
    if (code >= 90 && code <= 97) return { foreground: code - 82 };
    if (code >= 100 && code <= 107) return { background: code - 92 };
    return {};
}

/** As CSS. */
export function colourText(colour) {
    if (Array.isArray(colour)) return `rgb(${colour.join(' ')})`;
    if (colour < 16) return `var(--colour-${colour})`;
    if (colour >= 232) return `rgb(${Array(3).fill(8 + (colour - 232) * 10).join(' ')})`;
    const level = (number) => (number === 0 ? 0 : 55 + number * 40);
    const index = colour - 16;
    return `rgb(${[Math.floor(index / 36), Math.floor(index / 6) % 6, index % 6].map(level).join(' ')})`;
}
