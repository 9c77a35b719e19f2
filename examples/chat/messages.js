// The messages of a chat as a list on the page, each once, the newest last and in view.

const clock = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

/** `{ id, name, text, at }`, where `at` is in milliseconds since 1970. */
export class MessageList {
    #element;
    #shown = new Map();
    #isOwn;

    /** `isOwn` says of a message whether it was written here. */
    constructor(element, isOwn) {
        this.#element = element;
        this.#isOwn = isOwn;
    }

    /** One that is there already is only marked as own, where that has turned out meanwhile. */
    add(message) {
        const known = this.#shown.get(message.id);
        if (known) {
            known.classList.toggle('own', this.#isOwn(message));
            return;
        }
        // A reader who has scrolled back stays where they are.
        const { scrollTop, scrollHeight, clientHeight } = this.#element;
        const isAtEnd = scrollHeight - scrollTop - clientHeight < 40;
        const item = this.#item(message);
        this.#shown.set(message.id, item);
        this.#element.append(item);
        if (isAtEnd || this.#isOwn(message)) this.#element.scrollTop = this.#element.scrollHeight;
    }

    clear() {
        this.#shown.clear();
        this.#element.replaceChildren();
    }

    #item(message) {
        const { name, text, at } = message;
        const item = document.createElement('li');
        item.classList.toggle('own', this.#isOwn(message));
        const from = Object.assign(document.createElement('p'), { className: 'from' });
        const time = document.createElement('time');
        time.dateTime = new Date(at).toISOString();
        time.textContent = clock.format(at);
        from.append(Object.assign(document.createElement('b'), { textContent: name }), time);
        item.append(from, Object.assign(document.createElement('p'), { textContent: text }));
        return item;
    }
}

/** A form with `name` and `text`: `send({ name, text })` is called, and a refusal is told. */
export function onSay(form, trouble, send) {
    form.addEventListener('submit', async (event) => {
        event.preventDefault();
        const { name, text } = form.elements;
        const said = text.value.trim();
        if (said === '') return;
        text.value = '';
        try {
            trouble.textContent = '';
            await send({ name: name.value.trim() || 'guest', text: said });
        } catch (error) {
            trouble.textContent = `Not sent: ${error.message}`;
            if (text.value === '') text.value = said;
        }
    });
}

/** Shows a connection's state as a word and a dot. */
export function showState(element, { state }) {
    if (state === 'closed') return;
    element.dataset.state = state;
    element.textContent = state;
}
