// What a terminal shows: a grid of cells that text and control sequences change. It follows xterm as far as shells, editors
// and pagers need it (ECMA-48 and DEC's private sequences), and knows nothing of pages or networks.

import { characterWidth } from './character-width.js';
import { ControlParser } from './control-parser.js';
import { plain, styled } from './style.js';

const blank = (style) => ({ text: ' ', width: 1, style });
// DEC's line drawing, from ` to ~.
const drawing = '◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·';

export class Screen {
    columns;
    rows;
    /** Rows that have scrolled off the top, oldest first. */
    history = [];
    title = '';
    cursor = { row: 0, column: 0, isVisible: true };
    modes = { applicationCursor: false, bracketedPaste: false };
    /** Answers to what a program asks of its terminal. */
    onanswer = () => {};
    onbell = () => {};
    #mostHistory;
    #parser = new ControlParser(this);
    #lines;
    #other = null;
    #dirty = new Set();
    #dropped = 0;
    #scrolled = 0;
    #style = plain;
    #saved = null;
    #top = 0;
    #bottom;
    #isWrapDue = false;
    #wraps = true;
    #inserts = false;
    #isFromRegion = false;
    #charsets = ['B', 'B'];
    #charset = 0;
    #tabs = new Set();
    #last = '';

    constructor(columns = 80, rows = 24, { history = 1000 } = {}) {
        this.columns = columns;
        this.rows = rows;
        this.#mostHistory = history;
        this.#reset();
    }

    /** Text as the program writes it, decoded. It may be cut anywhere. */
    write(text) {
        this.#parser.parse(text);
    }

    /** The cells of a row. */
    line(row) { return this.#lines[row]; }

    /** The words in a row, without the blanks at its end. */
    text(row) { return this.#lines[row].map((cell) => cell.text).join('').trimEnd(); }

    /** The rows that have changed, and how many more have left the top, since it was last asked. */
    takeChanges() {
        const changes = { rows: this.#dirty, scrolled: this.#dropped };
        this.#dirty = new Set();
        this.#dropped = 0;
        return changes;
    }

    /** Where the cursor is, to come back to with `clearFrom` although rows have scrolled off the top meanwhile. */
    mark() {
        return { row: this.#scrolled + this.cursor.row, column: this.cursor.column, isWrapDue: this.#isWrapDue };
    }

    /** Takes back what was written from the mark on. */
    clearFrom(mark) {
        const row = mark.row - this.#scrolled;
        this.#place(row, row < 0 ? 0 : mark.column);
        if (!mark.isWrapDue) this.#eraseLine(0);
        for (let below = this.cursor.row + 1; below < this.rows; below += 1) this.#erase(below, 0, this.columns);
        this.#isWrapDue = mark.isWrapDue;
    }

    resize(columns, rows) {
        if (columns === this.columns && rows === this.rows) return;
        const fit = (lines, cursor) => {
            for (const line of lines) {
                line.length = Math.min(line.length, columns);
                while (line.length < columns) line.push(blank(plain));
                if (line.at(-1)?.width === 2) line[columns - 1] = blank(plain);
            }
            // What does not fit goes: first empty rows below the cursor, then the top.
            while (lines.length > rows && lines.length - 1 > cursor.row) lines.pop();
            const gone = lines.splice(0, Math.max(0, lines.length - rows));
            cursor.row -= gone.length;
            while (lines.length < rows) lines.push(this.#emptyLine(columns));
            return gone;
        };
        const isMain = this.#other === null;
        const gone = fit(this.#lines, this.cursor);
        if (isMain) this.#remember(gone);
        else fit(this.#other.lines, this.#other.cursor);
        this.columns = columns;
        this.rows = rows;
        this.#top = 0;
        this.#bottom = rows - 1;
        this.#setTabs();
        this.#place(this.cursor.row, this.cursor.column);
        this.#touchAll();
    }

    // What the parser finds

    print(text) {
        for (const character of text) this.#put(this.#charsets[this.#charset] === '0' ? drawn(character) : character);
    }

    control(code) {
        switch (code) {
        case 0x07: this.onbell(); break;
        case 0x08: this.#place(this.cursor.row, Math.min(this.cursor.column, this.columns - 1) - 1); break;
        case 0x09: this.#tab(); break;
        case 0x0a: case 0x0b: case 0x0c: this.#lineFeed(); break;
        case 0x0d: this.#place(this.cursor.row, 0); break;
        case 0x0e: this.#charset = 1; break;
        case 0x0f: this.#charset = 0; break;
        default: break;
        }
    }

    escape(intermediates, final) {
        if (intermediates === '(' || intermediates === ')') {
            this.#charsets[intermediates === '(' ? 0 : 1] = final;
            return;
        }
        switch (intermediates + final) {
        case '7': this.#save(); break;
        case '8': this.#restore(); break;
        case 'D': this.#lineFeed(); break;
        case 'E': this.#place(this.cursor.row, 0); this.#lineFeed(); break;
        case 'H': this.#tabs.add(this.cursor.column); break;
        case 'M': this.#reverseLineFeed(); break;
        case 'c': this.#reset(); break;
        case '#8': this.#lines.forEach((line) => line.fill({ text: 'E', width: 1, style: plain })); this.#touchAll(); break;
        default: break;
        }
    }

    /** `prefix`: `?`, `>` or nothing. `parameters`: numbers, or lists of them where colons join them; absent ones are NaN. */
    sequence(prefix, parameters, intermediates, final) {
        const number = (index, otherwise) => {
            const value = [parameters[index]].flat()[0];
            return Number.isNaN(value ?? NaN) ? otherwise : value;
        };
        // Zero counts as one where a count is meant.
        const count = Math.max(1, number(0, 1));
        const { row, column } = this.cursor;
        const origin = this.#isFromRegion ? this.#top : 0;
        switch (prefix + intermediates + final) {
        case 'A': this.#place(Math.max(row - count, row >= this.#top ? this.#top : 0), column); break;
        case 'B': case 'e': this.#place(Math.min(row + count, row <= this.#bottom ? this.#bottom : this.rows - 1), column); break;
        case 'C': case 'a': this.#place(row, column + count); break;
        case 'D': this.#place(row, Math.min(column, this.columns - 1) - count); break;
        case 'E': this.#place(Math.min(row + count, row <= this.#bottom ? this.#bottom : this.rows - 1), 0); break;
        case 'F': this.#place(Math.max(row - count, row >= this.#top ? this.#top : 0), 0); break;
        case 'G': case '`': this.#place(row, count - 1); break;
        case 'H': case 'f': this.#place(origin + count - 1, number(1, 1) - 1); break;
        case 'd': this.#place(origin + count - 1, column); break;
        case 'I': for (let index = 0; index < Math.min(count, this.columns); index += 1) this.#tab(); break;
        case 'Z': for (let index = 0; index < Math.min(count, this.columns); index += 1) this.#tabBack(); break;
        case 'J': case '?J': this.#eraseDisplay(number(0, 0)); break;
        case 'K': case '?K': this.#eraseLine(number(0, 0)); break;
        case 'L': this.#shiftLines(row, -count); break;
        case 'M': this.#shiftLines(row, count); break;
        case 'S': this.#scroll(this.#top, Math.min(count, this.rows)); break;
        case 'T': this.#scroll(this.#top, -Math.min(count, this.rows)); break;
        case '@': this.#shiftCells(count); break;
        case 'P': this.#shiftCells(-count); break;
        case 'X': this.#erase(row, column, column + count); break;
        case 'b': for (let index = 0; this.#last && index < Math.min(count, this.columns * this.rows); index += 1) this.#put(this.#last); break;
        case 'c': this.onanswer('\x1b[?62;22c'); break;
        case '>c': this.onanswer('\x1b[>0;0;0c'); break;
        case 'g': if (number(0, 0) === 3) this.#tabs.clear(); else this.#tabs.delete(column); break;
        case 'h': case 'l': this.#setModes(parameters, final === 'h', (mode, isOn) => { if (mode === 4) this.#inserts = isOn; }); break;
        case '?h': case '?l': this.#setModes(parameters, final === 'h', (mode, isOn) => this.#setPrivateMode(mode, isOn)); break;
        case 'm': this.#style = styled(this.#style, parameters); break;
        case 'n': this.#report(number(0, 0)); break;
        case 'r': this.#setRegion(number(0, 1) - 1, number(1, this.rows) - 1); break;
        case 's': this.#save(); break;
        case 'u': this.#restore(); break;
        case '!p': this.#softReset(); break;
        default: break;
        }
    }

    operatingSystemCommand(text) {
        const [, number, title] = text.match(/^(\d+);(.*)$/s) ?? [];
        if (number === '0' || number === '2') this.title = title;
    }

    // The cursor

    #place(row, column) {
        this.#touch(this.cursor.row);
        this.cursor.row = clamp(row, 0, this.rows - 1);
        if (this.#isFromRegion) this.cursor.row = clamp(this.cursor.row, this.#top, this.#bottom);
        this.cursor.column = clamp(column, 0, this.columns - 1);
        this.#isWrapDue = false;
        this.#touch(this.cursor.row);
    }

    #save() {
        this.#saved = {
            ...this.cursor, style: this.#style, charset: this.#charset, charsets: [...this.#charsets],
            isFromRegion: this.#isFromRegion, isWrapDue: this.#isWrapDue,
        };
    }

    #restore() {
        const saved = this.#saved ?? {
            row: 0, column: 0, style: plain, charset: 0, charsets: ['B', 'B'], isFromRegion: false, isWrapDue: false,
        };
        this.#style = saved.style;
        this.#charset = saved.charset;
        this.#charsets = [...saved.charsets];
        this.#isFromRegion = saved.isFromRegion;
        this.#place(saved.row, saved.column);
        this.#isWrapDue = saved.isWrapDue;
    }

    #tab() {
        const next = [...this.#tabs].filter((stop) => stop > this.cursor.column);
        this.#place(this.cursor.row, next.length > 0 ? Math.min(...next) : this.columns - 1);
    }

    #tabBack() {
        const earlier = [...this.#tabs].filter((stop) => stop < this.cursor.column);
        this.#place(this.cursor.row, Math.max(0, ...earlier));
    }

    #setTabs() {
        this.#tabs = new Set();
        for (let column = 8; column < this.columns; column += 8) this.#tabs.add(column);
    }

    #lineFeed() {
        this.#isWrapDue = false;
        if (this.cursor.row === this.#bottom) this.#scroll(this.#top, 1);
        else this.#place(this.cursor.row + 1, this.cursor.column);
    }

    #reverseLineFeed() {
        this.#isWrapDue = false;
        if (this.cursor.row === this.#top) this.#scroll(this.#top, -1);
        else this.#place(this.cursor.row - 1, this.cursor.column);
    }

    // Cells

    #put(character) {
        const width = characterWidth(character);
        if (width === 0) {
            this.#combine(character);
            return;
        }
        if (this.#isWrapDue && this.#wraps || this.cursor.column + width > this.columns) {
            if (this.#wraps) {
                this.#place(this.cursor.row, 0);
                this.#lineFeed();
            } else {
                this.cursor.column = Math.max(0, this.columns - width);
            }
        }
        const { row, column } = this.cursor;
        if (width > this.columns) return;
        if (this.#inserts) this.#shiftCells(width);
        const line = this.#lines[row];
        this.#split(line, column);
        this.#split(line, column + width);
        line[column] = { text: character, width, style: this.#style };
        if (width === 2) line[column + 1] = { text: '', width: 0, style: this.#style };
        this.#last = character;
        this.#touch(row);
        // At the margin the cursor stays on the last cell until more comes.
        this.#isWrapDue = column + width >= this.columns;
        this.cursor.column = Math.min(column + width, this.columns - 1);
    }

    #combine(character) {
        const line = this.#lines[this.cursor.row];
        let column = this.#isWrapDue ? this.cursor.column : this.cursor.column - 1;
        if (column > 0 && line[column].width === 0) column -= 1;
        // A heap of marks on one cell is no text.
        if (column < 0 || line[column].text.length > 32) return;
        line[column] = { ...line[column], text: line[column].text + character };
        this.#touch(this.cursor.row);
    }

    // Half of a wide character is none.
    #split(line, column) {
        if (column <= 0 || column >= line.length || line[column].width !== 0) return;
        line[column - 1] = blank(line[column - 1].style);
        line[column] = blank(line[column].style);
    }

    #erase(row, from, to) {
        const line = this.#lines[row];
        this.#split(line, from);
        this.#split(line, to);
        line.fill(blank(this.#background), from, Math.min(to, this.columns));
        this.#isWrapDue = false;
        this.#touch(row);
    }

    #eraseLine(what) {
        const { row, column } = this.cursor;
        if (what > 2) return;
        this.#erase(row, what === 0 ? column : 0, what === 1 ? column + 1 : this.columns);
    }

    #eraseDisplay(what) {
        const { row } = this.cursor;
        if (what === 3) {
            this.history = [];
            return;
        }
        if (what > 3) return;
        if (what < 2) this.#eraseLine(what);
        for (let other = 0; other < this.rows; other += 1) {
            if (what === 2 || (what === 0 ? other > row : other < row)) this.#erase(other, 0, this.columns);
        }
    }

    #shiftCells(count) {
        const { row, column } = this.cursor;
        const line = this.#lines[row];
        this.#split(line, column);
        const some = Math.min(Math.abs(count), this.columns - column);
        const blanks = Array.from({ length: some }, () => blank(this.#background));
        if (count > 0) {
            line.splice(column, 0, ...blanks);
            line.length = this.columns;
            if (line[this.columns - 1].width === 2) line[this.columns - 1] = blank(line[this.columns - 1].style);
        } else {
            this.#split(line, column + some);
            line.splice(column, some);
            line.push(...blanks);
        }
        this.#isWrapDue = false;
        this.#touch(row);
    }

    // Lines

    #shiftLines(row, count) {
        if (row < this.#top || row > this.#bottom) return;
        this.#scroll(row, Math.sign(count) * Math.min(Math.abs(count), this.#bottom - row + 1));
        this.#place(row, 0);
    }

    /** Upwards, from this row to the end of the region; a negative count: downwards. */
    #scroll(top, count) {
        const some = Math.min(Math.abs(count), this.#bottom - top + 1);
        for (let index = 0; index < some; index += 1) {
            if (count > 0) {
                const [gone] = this.#lines.splice(top, 1);
                this.#lines.splice(this.#bottom, 0, this.#emptyLine());
                if (top === 0 && this.#bottom === this.rows - 1 && this.#other === null) this.#remember([gone]);
            } else {
                this.#lines.splice(this.#bottom, 1);
                this.#lines.splice(top, 0, this.#emptyLine());
            }
        }
        for (let row = top; row <= this.#bottom; row += 1) this.#touch(row);
    }

    #remember(lines) {
        this.#scrolled += lines.length;
        if (this.#mostHistory === 0) return;
        this.history.push(...lines);
        this.#dropped += lines.length;
        if (this.history.length > this.#mostHistory) this.history.splice(0, this.history.length - this.#mostHistory);
    }

    #emptyLine(columns = this.columns) {
        return Array.from({ length: columns }, () => blank(this.#background));
    }

    // What is erased takes the background that is set.
    get #background() {
        return this.#style.background === null ? plain : { ...plain, background: this.#style.background };
    }

    // Modes

    #setModes(parameters, isOn, set) {
        for (const mode of parameters) set(mode, isOn);
    }

    #setPrivateMode(mode, isOn) {
        switch (mode) {
        case 1: this.modes.applicationCursor = isOn; break;
        case 6: this.#isFromRegion = isOn; this.#place(isOn ? this.#top : 0, 0); break;
        case 7: this.#wraps = isOn; break;
        case 25: this.cursor.isVisible = isOn; this.#touch(this.cursor.row); break;
        case 2004: this.modes.bracketedPaste = isOn; break;
        case 1048: if (isOn) this.#save(); else this.#restore(); break;
        case 47: case 1047: this.#setAlternate(isOn); break;
        case 1049:
            if (isOn) this.#save();
            this.#setAlternate(isOn);
            if (!isOn) this.#restore();
            break;
        default: break;
        }
    }

    /** The second screen, which editors and pagers draw on, so that the first is as it was when they end. */
    #setAlternate(isOn) {
        if (isOn === (this.#other !== null)) return;
        if (isOn) {
            this.#other = { lines: this.#lines, cursor: { ...this.cursor } };
            this.#lines = Array.from({ length: this.rows }, () => this.#emptyLine());
        } else {
            this.#lines = this.#other.lines;
            this.#other = null;
        }
        this.#touchAll();
    }

    #setRegion(top, bottom) {
        const end = Math.min(bottom, this.rows - 1);
        if (top < 0 || top >= end) return;
        this.#top = top;
        this.#bottom = end;
        this.#place(this.#isFromRegion ? top : 0, 0);
    }

    #report(what) {
        const row = this.cursor.row - (this.#isFromRegion ? this.#top : 0);
        if (what === 5) this.onanswer('\x1b[0n');
        else if (what === 6) this.onanswer(`\x1b[${row + 1};${this.cursor.column + 1}R`);
    }

    #softReset() {
        this.#style = plain;
        this.#saved = null;
        this.#top = 0;
        this.#bottom = this.rows - 1;
        this.#wraps = true;
        this.#inserts = false;
        this.#isFromRegion = false;
        this.#charsets = ['B', 'B'];
        this.#charset = 0;
        this.modes.applicationCursor = false;
        this.cursor.isVisible = true;
    }

    #reset() {
        this.#softReset();
        this.#other = null;
        this.#lines = Array.from({ length: this.rows }, () => this.#emptyLine());
        this.#setTabs();
        this.modes.bracketedPaste = false;
        this.title = '';
        this.#place(0, 0);
        this.#touchAll();
    }

    #touch(row) { this.#dirty.add(row); }

    #touchAll() {
        for (let row = 0; row < this.rows; row += 1) this.#touch(row);
    }
}

function clamp(value, low, high) {
    return Math.min(Math.max(value, low), high);
}

function drawn(character) {
    const index = character.charCodeAt(0) - 0x60;
    return drawing[index] ?? character;
}
