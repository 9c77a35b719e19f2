// A scrolling log of lines that keeps the newest in sight unless the reader has scrolled up.

export class LineLog {
    #open = null;

    constructor(element, limit = 400) {
        this.element = element;
        this.limit = limit;
    }

    /** A whole line. `kind` becomes its class. */
    line(text, kind = "") {
        this.#open = null;
        this.#append(text, kind);
    }

    /** Part of a stream: a line may come in pieces. */
    stream(text) {
        const pieces = text.split("\n");
        pieces.forEach((piece, index) => {
            if (this.#open === null && (piece !== "" || index < pieces.length - 1)) this.#open = this.#append("", "");
            if (this.#open !== null && piece !== "") this.#follow(() => { this.#open.textContent += piece; });
            if (index < pieces.length - 1) this.#open = null;
        });
    }

    #append(text, kind) {
        const item = document.createElement("li");
        item.textContent = text;
        if (kind !== "") item.className = kind;
        this.#follow(() => {
            this.element.append(item);
            while (this.element.children.length > this.limit) this.element.firstElementChild.remove();
        });
        return item;
    }

    #follow(change) {
        const box = this.element;
        const isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
        change();
        if (isAtEnd) box.scrollTop = box.scrollHeight;
    }
}
