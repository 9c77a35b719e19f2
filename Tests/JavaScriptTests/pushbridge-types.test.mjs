import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import * as library from '../../clients/javascript/pushbridge.js';

const read = (name) => readFileSync(new URL(`../../clients/javascript/${name}`, import.meta.url), 'utf8');
const code = read('pushbridge.js');
const types = read('pushbridge.d.ts').replace(/\/\*\*.*?\*\//gs, '');
const sorted = (iterable) => [...new Set(iterable)].sort();

/** The names of the members that an interface or class declares. */
function declared(name) {
    const body = types.match(new RegExp(`^export (?:interface|class) ${name}\\b[^{]*\\{\\n(.*?)^\\}`, 'ms'))[1];
    return sorted([...body.matchAll(/^ {4}(?:readonly )?(\w+)\??[:(<]/gm)].map(([, member]) => member));
}

/** The names of the members that an object has, for whoever uses it. */
function present(object) {
    const inherited = Object.getOwnPropertyNames(Object.getPrototypeOf(object));
    return sorted([...Object.keys(object), ...inherited].filter((name) => name !== 'constructor'));
}

describe('pushbridge.d.ts', () => {
    // Nobody answers: what is looked at is there before anybody does.
    const never = () => new Promise(() => {});
    const connection = library.connect('http://127.0.0.1:9/', { transports: ['poll'], fetch: never });
    const subscription = connection.subscribe('/a');

    test('declares what the module exports, and nothing else', () => {
        const names = [...types.matchAll(/^export (?:function|class|const) (\w+)/gm)].map(([, name]) => name);
        assert.deepEqual(sorted(names), sorted(Object.keys(library)));
    });

    test('declares what a connection has', () => {
        assert.deepEqual(declared('Connection'), present(connection));
    });

    test('declares of a subscription what is not for the connection alone', () => {
        assert.ok(Symbol.asyncIterator in subscription);
        assert.match(types, /interface Subscription<[^{]* extends AsyncIterable</);
        const inner = ['options', 'wait', 'takeWaiting', 'entered', 'forget', 'report', 'take'];
        // These come and go with a stream.
        const known = present(subscription).filter((name) => name !== 'abort' && name !== 'wake');
        assert.deepEqual(sorted([...declared('Subscription'), ...inner]), known);
    });

    test('declares the options that are read', () => {
        const names = (pattern) => [...code.matchAll(pattern)].flatMap(([, list]) => list.split(',').map((name) => name.match(/\w+/)[0]));
        const ofConnections = names(/\{ ([\w, ]+) \} = this\.#options;/g)
            .concat(names(/this\.#options\.(\w+)/g), names(/(?<!subscription\.|#)\boptions\.(transports)/g));
        assert.deepEqual(declared('ConnectOptions'), sorted(ofConnections));
        const ofSubscriptions = names(/subscription\.options\.(\w+)/g)
            .concat(names(/\{ ([^}]+) \} = subscription\.options;/g), names(/(?<![.#])\boptions\.(\w+)/g))
            .concat(names(/\{ (inPlace) = false \} = \{\}/g)).filter((name) => name !== 'transports');
        assert.deepEqual(declared('SubscribeOptions'), sorted(ofSubscriptions));
    });

    test('names the transports and modes that there are', () => {
        const union = (name) => sorted([...types.match(new RegExp(`type ${name} = ([^;]+);`))[1].matchAll(/'(\w+)'/g)].map(([, word]) => word));
        assert.deepEqual(union('Transport'), sorted(code.match(/TRANSPORTS = \[(.*?)\]/)[1].match(/\w+/g)));
        assert.deepEqual(union('Mode'), ['events', 'merge', 'patch', 'snapshot']);
        const states = types.match(/state: ([^;]+);/)[1].match(/\w+/g);
        // `stale` comes from the bridge.
        assert.deepEqual(sorted(states), sorted(['stale', ...[...code.matchAll(/state: '(\w+)'/g)].map(([, state]) => state)]));
    });
});
