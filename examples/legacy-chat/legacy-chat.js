// The list of a backend that knows only GET and POST, pushed; what is said goes to its POST.

import { MessageList, onSay, showState } from '/chat/messages.js';
import { connect } from '/pushbridge.js';

const element = (id) => document.getElementById(id);
const own = new Set();
const list = new MessageList(element('messages'), ({ id }) => own.has(id));
const chat = connect('/connect').subscribe('/messages', {
    onchange: ({ messages }) => { for (const message of messages) list.add(message); },
    onstatus: (status) => showState(element('state'), status),
});

onSay(element('say'), element('trouble'), async (message) => {
    const { status, data } = await chat.send(message);
    if (status >= 400) throw new Error(data?.error ?? `the chat answered ${status}`);
    // The backend numbers the messages, so it says which one is ours.
    own.add(data.id);
    list.add(data);
});
