// Undo and redo of what was edited here. The browser's own would put back a whole text, and with it what others wrote.

/** What is edited at one place with shorter pauses is taken back at once. */
const pause = 700;
const mostSteps = 500;

export class EditHistory {
    #text;
    #done = [];
    #undone = [];
    #last = -Infinity;

    constructor(text) {
        this.#text = text;
    }

    /** Operations that were made here, at a time in milliseconds. */
    add(operations, time = Date.now()) {
        if (operations.length === 0) return;
        const step = this.#done.at(-1);
        if (step && time - this.#last < pause && goesOn(step, operations)) step.push(...operations);
        else this.#done.push([...operations]);
        if (this.#done.length > mostSteps) this.#done.shift();
        this.#last = time;
        this.#undone = [];
    }

    /** Gives the operations to send; none where there is nothing to take back. */
    undo() {
        return this.#revert(this.#done, this.#undone);
    }

    redo() {
        return this.#revert(this.#undone, this.#done);
    }

    #revert(from, to) {
        const step = from.pop();
        if (!step) return [];
        // Edits after this are a step of their own.
        this.#last = -Infinity;
        const operations = [...step].reverse().flatMap((operation) => this.#text.revert(operation));
        if (operations.length > 0) to.push(operations);
        return operations.length > 0 ? operations : this.#revert(from, to);
    }
}

/** Whether what is typed stands right behind what was typed last. */
function goesOn(step, operations) {
    const last = step.findLast(({ text }) => text !== undefined);
    const next = operations.find(({ text }) => text !== undefined);
    if (!last || !next) return true;
    return next.after?.[1] === last.site && next.after[0] === last.lamport + [...last.text].length - 1;
}
