/** The transports, in the order in which they are tried. */
export type Transport = 'websocket' | 'sse' | 'poll';
export type Mode = 'snapshot' | 'patch' | 'merge' | 'events';

export interface ConnectOptions {
    /** Sent as `access_token` over WebSocket, as `Authorization: Bearer` otherwise; the callback is asked at every
     * (re)connect, with `refresh` where the last attempt may have failed for the token's sake. */
    token?: string | ((why: { refresh: boolean }) => string | Promise<string>);
    /** Default: all three. */
    transports?: Transport[];
    /** Milliseconds between pings that find a dead network. Default: 25000. */
    heartbeat?: number;
    /** Milliseconds after which a connection that fell back to SSE or long poll tries a WebSocket again; doubled up to five
     * minutes. Default: 15000. */
    returnAfter?: number;
    /** Default: the global one. In node before 22, the class of the package `ws`. */
    WebSocket?: unknown;
    /** Default: the global one. */
    fetch?: typeof fetch;
}

export interface Status {
    state: 'connecting' | 'live' | 'stale' | 'offline' | 'error' | 'closed';
    /** A close code, an HTTP status or a word such as `timeout`. */
    code?: number | string;
    reason?: string;
    /** When the next attempt is made, in milliseconds since 1970. */
    next?: number;
    /** Since when the upstream fails, in milliseconds since 1970. */
    since?: number;
}

/** One item of a keyed array, in mode `events`. */
export interface ItemEvent {
    type: 'event';
    change: 'added' | 'changed' | 'removed';
    collection: string;
    key: unknown;
    value?: unknown;
    was?: unknown;
    id: string;
}

export type Update<D = unknown> =
    | { type: 'document'; document: D; id: string }
    | { type: 'message'; data: unknown }
    | ItemEvent;

export interface SubscribeOptions<D = unknown> {
    /** Default: `patch`. */
    mode?: Mode;
    /** At most so many messages a second (WebSocket only). */
    maxRate?: number;
    /** Patch the document in place; default: a new value that shares what did not change. */
    inPlace?: boolean;
    /** With `document`: where an earlier page left off. */
    since?: string;
    document?: D;
    onchange?: Subscription<D>['onchange'];
    onevent?: Subscription<D>['onevent'];
    onmessage?: Subscription<D>['onmessage'];
    onstatus?: Subscription<D>['onstatus'];
}

export interface Subscription<D = unknown> extends AsyncIterable<Update<D>> {
    readonly topic: string;
    /** Undefined until the first one has arrived. */
    readonly document: D | undefined;
    /** The version of the document: equal to its ETag. */
    readonly id: string | null;
    readonly status: Status;
    readonly isClosed: boolean;
    onchange: ((document: D, change: unknown, subscription: Subscription<D>) => void) | null;
    onevent: ((event: ItemEvent, subscription: Subscription<D>) => void) | null;
    /** From a channel. After a reconnect the channel's history comes again. */
    onmessage: ((data: unknown, subscription: Subscription<D>) => void) | null;
    onstatus: ((status: Status, subscription: Subscription<D>) => void) | null;
    /** To a channel, or to a poll route with `send`. Waits while there is no connection; rejected when the connection is
     * lost before the answer. WebSocket only. */
    send(data: unknown): Promise<{ status: number; data?: unknown }>;
    close(): void;
}

export interface Connection {
    readonly transport: Transport;
    readonly isOpen: boolean;
    /** @throws PushbridgeError where this connection is closed, or has the topic already. */
    subscribe<D = unknown>(topic: string, options?: SubscribeOptions<D>): Subscription<D>;
    close(): void;
}

export class PushbridgeError extends Error {
    /** An HTTP status, or 0 where there was no answer. */
    readonly code: number;
    constructor(code: number, message: string);
}

/** Opens a connection to a `multiplex` route; default: `/connect` of the page's own origin. */
export function connect(url?: string | URL, options?: ConnectOptions): Connection;

/** RFC 6902. */
export function applyPatch<D>(document: D, patch: object[], options?: { inPlace?: boolean }): D;
/** RFC 7396. */
export function applyMergePatch<D>(target: D, patch: unknown, options?: { inPlace?: boolean }): D;
/** Milliseconds until the next attempt. */
export function reconnectDelay(code: number, attempt: number, random?: () => number): number;

export class EventStreamParser {
    /** Milliseconds to wait before the stream is asked for again, where it has said so. */
    retry: number | undefined;
    parse(chunk: string): { type: string; data: string; id: string | null }[];
}
