// The table of matches. Rows are kept by match id; only cells whose text changed are touched, and flash.

const statusText = { "scheduled": "soon", "live": "", "half-time": "HT", "finished": "FT" };
const flashTime = 1600;

export class Scoreboard {
    #rows = new Map();

    constructor(body) {
        this.body = body;
    }

    clear() {
        this.#rows.clear();
        this.body.replaceChildren();
    }

    show(document) {
        const isFirst = this.#rows.size === 0;
        const present = new Set(document.matches.map((match) => match.id));
        for (const [id, row] of this.#rows) {
            if (!present.has(id)) {
                row.element.remove();
                this.#rows.delete(id);
            }
        }
        document.matches.forEach((match, index) => {
            let row = this.#rows.get(match.id);
            const isNew = row === undefined;
            if (isNew) {
                row = makeRow();
                this.#rows.set(match.id, row);
            }
            if (this.body.children[index] !== row.element) this.body.insertBefore(row.element, this.body.children[index] ?? null);
            fill(row, match, !isNew && !isFirst);
        });
    }
}

function makeRow() {
    const element = document.createElement("tr");
    const cells = {};
    for (const name of ["minute", "home", "score", "away", "cards"]) {
        const cell = document.createElement(name === "home" ? "th" : "td");
        cell.className = name;
        if (name === "home") cell.scope = "row";
        element.append(cell);
        cells[name] = cell;
    }
    return { element, cells };
}

function fill(row, match, mayFlash) {
    row.element.dataset.status = match.status;
    const isOver = match.status === "finished";
    const minute = match.status === "live" ? `${match.minute}′` : statusText[match.status] ?? match.status;
    // The clock moves all the time; flashing it would drown what matters.
    setText(row.cells.minute, minute, false);
    setTeam(row.cells.home, match.home);
    setTeam(row.cells.away, match.away);
    const score = match.status === "scheduled" ? "–" : `${match.home.goals} : ${match.away.goals}`;
    setText(row.cells.score, score, mayFlash);
    setText(row.cells.cards, cardsText(match), mayFlash && !isOver);
    const goal = match.events.findLast((event) => event.type === "goal");
    row.cells.score.title = goal ? `Last goal: ${goal.player} (${goal.team}), ${goal.minute}′` : "";
    row.cells.cards.setAttribute("aria-label", cardsLabel(match));
}

function cardsText(match) {
    const yellow = match.home.cards.yellow + match.away.cards.yellow;
    const red = match.home.cards.red + match.away.cards.red;
    return `${yellow}/${red}`;
}

function cardsLabel(match) {
    const [yellow, red] = cardsText(match).split("/");
    return `${yellow} yellow, ${red} red`;
}

function setTeam(cell, team) {
    if (cell.dataset.short === team.short) return;
    cell.dataset.short = team.short;
    const long = document.createElement("span");
    long.className = "long";
    long.textContent = team.name;
    const short = document.createElement("abbr");
    short.className = "short";
    short.title = team.name;
    short.textContent = team.short;
    cell.replaceChildren(long, short);
}

function setText(cell, text, flash) {
    if (cell.textContent === text) return;
    cell.textContent = text;
    if (!flash) return;
    cell.classList.remove("changed");
    // Reading a size makes the browser see the class go before it comes again, so the animation starts over.
    void cell.offsetWidth;
    cell.classList.add("changed");
    clearTimeout(Number(cell.dataset.timer));
    cell.dataset.timer = setTimeout(() => cell.classList.remove("changed"), flashTime);
}
