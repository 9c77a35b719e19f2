// A desktop in the page: noVNC draws it, a tunnel carries it.

const missing = 'noVNC is not installed where the bridge runs. In Debian and Ubuntu: apt-get install novnc';
const silent = 'No VNC server answers where config.json says (tcp://127.0.0.1:5901).\n'
    + 'In Debian and Ubuntu: apt-get install tigervnc-standalone-server, then vncserver :1 -localhost yes';
const keysyms = { Enter: 0xff0d, Backspace: 0xff08, Tab: 0xff09, Escape: 0xff1b, ArrowLeft: 0xff51, ArrowUp: 0xff52, ArrowRight: 0xff53, ArrowDown: 0xff54 };
const element = (id) => document.getElementById(id);

let RFB;
let desktop;
let wasConnected = false;

async function load() {
    try {
        // What goes wrong is said in the page; noVNC would say it on the console too.
        const { initLogging } = await import('/novnc/core/util/logging.js');
        initLogging('none');
        ({ default: RFB } = await import('/novnc/core/rfb.js'));
        connect();
    } catch {
        ended('error', 'not installed', missing);
    }
}

function connect() {
    const url = new URL('/desktop', location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    wasConnected = false;
    desktop = new RFB(element('desktop'), url.href, { wsProtocols: ['binary'] });
    desktop.scaleViewport = true;
    desktop.viewOnly = element('watch').checked;
    desktop.addEventListener('connect', () => {
        wasConnected = true;
        show('live', 'connected');
        desktop.focus();
    });
    desktop.addEventListener('desktopname', ({ detail }) => { element('name').textContent = detail.name; });
    desktop.addEventListener('credentialsrequired', ({ detail }) => ask(detail.types));
    desktop.addEventListener('securityfailure', ({ detail }) => say(`The desktop refuses: ${detail.reason ?? 'wrong password'}`));
    desktop.addEventListener('disconnect', ({ detail }) => {
        const hasSaid = !element('notice').hidden;
        ended('offline', 'not connected', detail.clean || hasSaid ? undefined : wasConnected ? 'The connection was lost.' : silent);
    });
    element('notice').hidden = true;
    show('connecting', 'connecting');
}

function ended(state, words, notice) {
    desktop = undefined;
    element('ask').close();
    show(state, words);
    if (notice) say(notice);
}

function say(notice) {
    element('notice').textContent = notice;
    element('notice').hidden = false;
}

function show(state, words) {
    element('state').dataset.state = state;
    element('state').textContent = words;
    element('connect').textContent = desktop ? 'Disconnect' : 'Connect';
    element('connect').disabled = !RFB;
    for (const id of ['interrupt', 'typed']) element(id).disabled = state !== 'live';
    if (!desktop) element('name').textContent = '';
}

// Whichever the server wants: a password, or a user as well.
function ask(types) {
    element('user-row').hidden = !types.includes('username');
    element('password-row').hidden = !types.includes('password');
    element('ask').showModal();
    element(types.includes('username') ? 'user' : 'password').focus();
}

element('ask').onclose = () => {
    desktop?.sendCredentials({ username: element('user').value, password: element('password').value });
    element('password').value = '';
};
element('connect').onclick = () => {
    if (desktop) desktop.disconnect();
    else connect();
};
element('watch').onchange = ({ target }) => {
    if (desktop) desktop.viewOnly = target.checked;
};
element('interrupt').onclick = () => desktop?.sendCtrlAltDel();
element('full').onclick = () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else element('window').requestFullscreen();
};

// For keyboards on a screen, which the desktop's picture does not bring up.
element('typed').oninput = ({ target, isComposing }) => {
    if (isComposing) return;
    for (const character of target.value) {
        const code = character.codePointAt(0);
        // Latin 1 is as it is; the rest of Unicode begins there (X11's keysymdef.h).
        desktop?.sendKey(code < 0x100 ? code : 0x01000000 + code, null);
    }
    target.value = '';
};
element('typed').onkeydown = (event) => {
    if (!keysyms[event.key] || event.isComposing) return;
    event.preventDefault();
    desktop?.sendKey(keysyms[event.key], event.code);
};

load();
