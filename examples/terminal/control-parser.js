// Tells text from control sequences, whatever the pieces it comes in (after Paul Williams' parser for DEC's terminals).
//
//   text                        → print(text)
//   a C0 control                → control(code)
//   ESC, intermediates, final   → escape(intermediates, final)
//   CSI, parameters, final      → sequence(prefix, parameters, intermediates, final)
//   OSC … BEL or ST             → operatingSystemCommand(text)
//   DCS, SOS, PM, APC … ST      → nothing

const longestCommand = 4096;
const mostParameters = 32;

export class ControlParser {
    #target;
    #state = 'ground';
    #collected = '';

    constructor(target) {
        this.#target = target;
    }

    parse(text) {
        let plain = 0;
        for (let index = 0; index < text.length; index += 1) {
            const code = text.charCodeAt(index);
            if (this.#state === 'ground' && code >= 0x20 && code !== 0x7f && (code < 0x80 || code > 0x9f)) continue;
            if (this.#state === 'ground' && index > plain) this.#target.print(text.slice(plain, index));
            this.#take(code, text[index]);
            plain = index + 1;
        }
        if (this.#state === 'ground' && text.length > plain) this.#target.print(text.slice(plain));
    }

    #take(code, character) {
        if (this.#state === 'command' || this.#state === 'ignored') {
            this.#string(code, character);
        } else if (code === 0x1b) {
            this.#begin('escape');
        } else if (code === 0x18 || code === 0x1a) {
            this.#begin('ground');
        } else if (code === 0x9b) {
            this.#begin('sequence');
        } else if (code < 0x20) {
            // Controls act in the midst of a sequence, too.
            this.#target.control(code);
        } else if (code !== 0x7f && this.#state === 'escape') {
            this.#escape(code, character);
        } else if (code !== 0x7f && this.#state === 'sequence') {
            this.#sequence(code, character);
        }
    }

    #begin(state) {
        this.#state = state;
        this.#collected = '';
    }

    #escape(code, character) {
        if (code < 0x30) {
            this.#collected += character;
        } else if (this.#collected === '' && character === '[') {
            this.#begin('sequence');
        } else if (this.#collected === '' && character === ']') {
            this.#begin('command');
        } else if (this.#collected === '' && 'PX^_'.includes(character)) {
            this.#begin('ignored');
        } else {
            const intermediates = this.#collected;
            this.#begin('ground');
            if (code < 0x7f) this.#target.escape(intermediates, character);
        }
    }

    #sequence(code, character) {
        if (code < 0x40) {
            if (this.#collected.length < longestCommand) this.#collected += character;
            return;
        }
        const [, prefix, numbers, intermediates] = this.#collected.match(/^([<=>?]?)([\d;:]*)([ -/]*)$/) ?? [];
        this.#begin('ground');
        if (numbers === undefined || code > 0x7e) return;
        const parameters = numbers === '' ? [] : numbers.split(';').slice(0, mostParameters).map((part) => (
            part.includes(':') ? part.split(':').map(parsed) : parsed(part)
        ));
        this.#target.sequence(prefix, parameters, intermediates, character);
    }

    #string(code, character) {
        const isEnd = code === 0x07 || code === 0x9c;
        if (isEnd || code === 0x1b || code === 0x18 || code === 0x1a) {
            const isCommand = this.#state === 'command';
            const text = this.#collected;
            // The \ of an ST is an escape sequence that means nothing by itself.
            this.#begin(code === 0x1b ? 'escape' : 'ground');
            if (isCommand && (isEnd || code === 0x1b)) this.#target.operatingSystemCommand(text);
        } else if (code >= 0x20 && this.#collected.length < longestCommand) {
            this.#collected += character;
        }
    }
}

function parsed(text) {
    return text === '' ? NaN : Math.min(Number(text), 65_535);
}
