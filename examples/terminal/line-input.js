// A line is edited here and sent when it is finished, for services that read lines and echo nothing. What the service writes
// meanwhile comes above the line that is being typed.

const mostRemembered = 100;

export class LineInput {
    #screen;
    #send;
    #line = '';
    #start;
    #remembered = [];
    #place = 0;

    constructor(screen, send) {
        this.#screen = screen;
        this.#send = send;
        this.#start = screen.mark();
    }

    get line() { return this.#line; }

    /** Text from the service. */
    output(text) {
        this.#screen.clearFrom(this.#start);
        // Such services end lines as files do.
        this.#screen.write(text.replace(/\r?\n/g, '\r\n'));
        this.#start = this.#screen.mark();
        this.#screen.write(this.#line);
    }

    /** Text that was typed or pasted; each end of a line sends one. */
    type(text) {
        const [first, ...more] = text.replace(/\r\n?/g, '\n').split('\n');
        this.#change(this.#line + printable(first));
        for (const line of more) {
            this.#finish();
            this.#change(printable(line));
        }
    }

    /** A KeyboardEvent's; true where it was for this line. */
    key({ key, ctrlKey, altKey, metaKey }) {
        if (altKey || metaKey) return false;
        if (ctrlKey) return this.#controlKey(key);
        switch (key) {
        case 'Enter': this.#finish(); return true;
        case 'Backspace': this.#change([...this.#line].slice(0, -1).join('')); return true;
        case 'ArrowUp': this.#recall(this.#place - 1); return true;
        case 'ArrowDown': this.#recall(this.#place + 1); return true;
        default: return false;
        }
    }

    #controlKey(key) {
        switch (key.toLowerCase()) {
        case 'u': case 'c': this.#change(''); return true;
        case 'w': this.#change(this.#line.replace(/\S*\s*$/, '')); return true;
        default: return false;
        }
    }

    #change(line) {
        this.#screen.clearFrom(this.#start);
        this.#line = line;
        this.#screen.write(line);
    }

    #finish() {
        const line = this.#line;
        this.#screen.write('\r\n');
        this.#line = '';
        this.#start = this.#screen.mark();
        if (line !== '' && line !== this.#remembered.at(-1)) this.#remembered.push(line);
        if (this.#remembered.length > mostRemembered) this.#remembered.shift();
        this.#place = this.#remembered.length;
        this.#send(`${line}\n`);
    }

    #recall(place) {
        if (place < 0 || place > this.#remembered.length) return;
        this.#place = place;
        this.#change(this.#remembered[place] ?? '');
    }
}

function printable(text) {
    return text.replace(/\t/g, '    ').replace(/[\x00-\x1f\x7f-\x9f]/g, '');
}
