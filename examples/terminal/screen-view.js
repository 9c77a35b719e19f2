// Draws a screen: a row is an element, and cells of one style in it a span. Rows that have not changed are not touched.

import { colourText } from './style.js';

export class ScreenView {
    #screen;
    #view;
    #rows;
    #history;
    #keyboard;
    #isDue = false;
    #onsize;

    /** `onsize`: how many columns and rows there is room for. */
    constructor(screen, { view, rows, history, keyboard, onsize }) {
        this.#screen = screen;
        this.#view = view;
        this.#rows = rows;
        this.#history = history;
        this.#keyboard = keyboard;
        this.#onsize = onsize;
        new ResizeObserver(() => this.#measure()).observe(view);
        this.#measure();
    }

    /** Draws what has changed, before the next frame. */
    draw() {
        if (this.#isDue) return;
        this.#isDue = true;
        requestAnimationFrame(() => {
            this.#isDue = false;
            this.#drawNow();
        });
    }

    #drawNow() {
        const screen = this.#screen;
        const isAtEnd = this.#view.scrollTop + this.#view.clientHeight >= this.#view.scrollHeight - 30;
        const { rows, scrolled } = screen.takeChanges();
        const { history } = screen;
        const isCleared = history.length < this.#history.childElementCount - scrolled || history.length === 0;
        if (isCleared) this.#history.replaceChildren();
        const fresh = isCleared ? history : history.slice(history.length - Math.min(scrolled, history.length));
        this.#history.append(...fresh.map((line) => rowElement(line)));
        while (this.#history.childElementCount > history.length) this.#history.firstElementChild.remove();
        while (this.#rows.childElementCount > screen.rows) this.#rows.lastElementChild.remove();
        while (this.#rows.childElementCount < screen.rows) {
            rows.add(this.#rows.childElementCount);
            this.#rows.append(document.createElement('div'));
        }
        for (const row of rows) {
            if (row >= screen.rows) continue;
            const cursor = screen.cursor.isVisible && row === screen.cursor.row ? screen.cursor.column : -1;
            this.#rows.children[row].replaceWith(rowElement(screen.line(row), cursor));
        }
        this.#placeKeyboard();
        if (isAtEnd) this.toEnd();
    }

    toEnd() {
        this.#view.scrollTop = this.#view.scrollHeight;
    }

    #placeKeyboard() {
        const { row, column } = this.#screen.cursor;
        const element = this.#rows.children[row];
        if (!element) return;
        this.#keyboard.style.top = `${element.offsetTop}px`;
        this.#keyboard.style.left = `calc(${element.offsetLeft}px + ${column}ch)`;
    }

    #measure() {
        const probe = document.createElement('span');
        probe.textContent = '0'.repeat(100);
        probe.style.position = 'absolute';
        probe.style.visibility = 'hidden';
        this.#view.append(probe);
        const { width } = probe.getBoundingClientRect();
        probe.remove();
        const { paddingLeft, paddingRight, paddingTop, paddingBottom, lineHeight } = getComputedStyle(this.#view);
        const [inner, high] = [
            this.#view.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight),
            this.#view.clientHeight - parseFloat(paddingTop) - parseFloat(paddingBottom),
        ];
        const columns = Math.floor(inner / (width / 100));
        this.#onsize(Math.max(10, columns), Math.max(4, Math.floor(high / parseFloat(lineHeight))));
        this.draw();
    }
}

function rowElement(cells, cursor = -1) {
    const row = document.createElement('div');
    let span;
    let style;
    let isWide = false;
    let wasCursor = false;
    // Without the blanks at its end, which nobody wants to copy.
    const last = cells.findLastIndex(({ text, style: { background, isInverse } }) => text !== ' ' || background !== null || isInverse);
    cells.slice(0, Math.max(last, cursor) + 1).forEach((cell, column) => {
        if (cell.width === 0) return;
        const isCursor = column === cursor || (cell.width === 2 && column + 1 === cursor);
        if (!span || cell.style !== style || isCursor || wasCursor || isWide || cell.width === 2) {
            span = document.createElement('span');
            row.append(span);
            dress(span, cell.style);
            span.classList.toggle('cursor', isCursor);
            span.classList.toggle('wide', cell.width === 2);
            style = cell.style;
        }
        isWide = cell.width === 2;
        wasCursor = isCursor;
        span.append(cell.text);
    });
    row.normalize();
    return row;
}

function dress(span, style) {
    const { foreground, background, isBold, isFaint, isItalic, isUnderlined, isInverse, isHidden, isStruck } = style;
    // Bold letters of the eight colours are the bright ones, as on the terminals that had no other bold.
    const letters = foreground === null ? null : colourText(isBold && foreground < 8 ? foreground + 8 : foreground);
    const ground = background === null ? null : colourText(background);
    const [color, backgroundColor] = isInverse ? [ground ?? 'var(--surface)', letters ?? 'var(--ink)'] : [letters, ground];
    if (color) span.style.color = isHidden ? 'transparent' : color;
    else if (isHidden) span.style.color = 'transparent';
    if (backgroundColor) span.style.backgroundColor = backgroundColor;
    if (isBold) span.style.fontWeight = '700';
    if (isFaint) span.style.opacity = '0.65';
    if (isItalic) span.style.fontStyle = 'italic';
    if (isUnderlined || isStruck) {
        span.style.textDecoration = [isUnderlined && 'underline', isStruck && 'line-through'].filter(Boolean).join(' ');
    }
}
