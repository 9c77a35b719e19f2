// A room of a channel: messages go from page to page, and the bridge remembers the last of them.

import { connect } from '/pushbridge.js';
import { MessageList, onSay, showState } from './messages.js';

const element = (id) => document.getElementById(id);
const bridge = connect('/connect');
const own = new Set();
const list = new MessageList(element('messages'), ({ id }) => own.has(id));
let room;

function enter(name) {
    room?.close();
    list.clear();
    room = bridge.subscribe(`/rooms/${name}`, {
        onmessage: (message) => {
            // Anybody may send anything to a channel; what is no message of a chat is not shown.
            if (['id', 'name', 'text'].every((key) => typeof message?.[key] === 'string') && Number.isFinite(message.at)) {
                list.add(message);
            }
        },
        onstatus: (status) => showState(element('state'), status),
    });
}

onSay(element('say'), element('trouble'), ({ name, text }) => {
    const id = [...crypto.getRandomValues(new Uint32Array(3))].join('-');
    own.add(id);
    return room.send({ id, name, text, at: Date.now() });
});
element('rooms').onchange = ({ target }) => enter(target.value);
enter('lobby');
