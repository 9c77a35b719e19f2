// RFC 6902 (JSON Patch) on RFC 6901 pointers: all six operations, applied whole or not at all.

export class PatchError extends Error {
    constructor(message, index) {
        super(`operation ${index}: ${message}`);
        this.name = "PatchError";
        this.index = index;
    }
}

/** The document that `patch` makes of `document`, which itself stays as it is. Throws PatchError. */
export function applyPatch(document, patch) {
    if (!Array.isArray(patch)) throw new TypeError("a patch is an array of operations");
    // The root is kept in a box, so that it can be replaced like any other member.
    const box = { root: structuredClone(document) };
    patch.forEach((operation, index) => {
        try {
            applyOperation(box, operation);
        } catch (error) {
            throw new PatchError(error.message, index);
        }
    });
    return box.root;
}

function applyOperation(box, operation) {
    if (operation === null || typeof operation !== "object") throw new Error("not an object");
    const path = parsePointer(operation.path);
    switch (operation.op) {
        case "add":
            return add(box, path, structuredClone(valueOf(operation)));
        case "remove":
            return void remove(box, path);
        case "replace":
            return replace(box, path, structuredClone(valueOf(operation)));
        case "move": {
            const from = parsePointer(operation.from);
            if (from.length < path.length && from.every((token, i) => token === path[i])) {
                throw new Error("a value cannot move into itself");
            }
            return add(box, path, remove(box, from));
        }
        case "copy":
            return add(box, path, structuredClone(get(box, parsePointer(operation.from))));
        case "test":
            if (!isEqual(get(box, path), valueOf(operation))) throw new Error(`test failed at "${operation.path}"`);
            return;
        default:
            throw new Error(`unknown operation "${operation.op}"`);
    }
}

function valueOf(operation) {
    if (!Object.hasOwn(operation, "value")) throw new Error(`"${operation.op}" needs a value`);
    return operation.value;
}

/** The reference tokens of a JSON Pointer. */
export function parsePointer(pointer) {
    if (typeof pointer !== "string") throw new Error("a pointer is a string");
    if (pointer === "") return [];
    if (!pointer.startsWith("/")) throw new Error(`pointer "${pointer}" does not begin with "/"`);
    if (/~(?![01])/.test(pointer)) throw new Error(`pointer "${pointer}" has a "~" that escapes nothing`);
    return pointer.slice(1).split("/").map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function child(parent, token) {
    if (Array.isArray(parent)) return parent[indexIn(parent, token, parent.length - 1)];
    if (isObject(parent) && Object.hasOwn(parent, token)) return parent[token];
    throw new Error(`there is no "${token}"`);
}

function indexIn(array, token, last) {
    if (!/^(0|[1-9][0-9]*)$/.test(token)) throw new Error(`"${token}" is no array index`);
    const index = Number(token);
    if (index > last) throw new Error(`index ${token} is past the end`);
    return index;
}

function get(box, path) {
    return path.reduce(child, box.root);
}

/** Where the last token of `path` points into. */
function locate(box, path) {
    return { parent: get(box, path.slice(0, -1)), token: path[path.length - 1] };
}

function add(box, path, value) {
    if (path.length === 0) {
        box.root = value;
        return;
    }
    const { parent, token } = locate(box, path);
    if (Array.isArray(parent)) {
        parent.splice(token === "-" ? parent.length : indexIn(parent, token, parent.length), 0, value);
    } else {
        setMember(parent, token, value);
    }
}

function remove(box, path) {
    const value = get(box, path);
    if (path.length === 0) {
        box.root = null;
        return value;
    }
    const { parent, token } = locate(box, path);
    if (Array.isArray(parent)) parent.splice(Number(token), 1);
    else delete parent[token];
    return value;
}

function replace(box, path, value) {
    get(box, path);
    if (path.length === 0) {
        box.root = value;
        return;
    }
    const { parent, token } = locate(box, path);
    if (Array.isArray(parent)) parent[Number(token)] = value;
    else setMember(parent, token, value);
}

function setMember(parent, token, value) {
    if (!isObject(parent)) throw new Error(`"${token}" is looked for in something that has no members`);
    // Plain assignment to "__proto__" would change the prototype, not add a member.
    Object.defineProperty(parent, token, { value, writable: true, enumerable: true, configurable: true });
}

function isObject(value) {
    return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** Equality of JSON values (RFC 6902 section 4.6): member order does not count. */
export function isEqual(a, b) {
    if (a === b) return true;
    if (Array.isArray(a)) {
        return Array.isArray(b) && a.length === b.length && a.every((item, i) => isEqual(item, b[i]));
    }
    if (!isObject(a) || !isObject(b)) return false;
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key], b[key]));
}
