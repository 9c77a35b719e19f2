import Foundation

/// What several documents of one endpoint, fetched one after the other, have in common: which arrays have items with an
/// identity, and which members change only because time passes.
package struct DocumentSurvey: Sendable, Equatable {
    /// An array whose items have an identity, as in a route's `keys`.
    package struct KeyedArray: Sendable, Equatable {
        /// A JSON Pointer with `*` for any item (RFC 6901).
        package let pointer: String
        /// The name of the items' member that tells them apart.
        package let member: String
    }

    /// Sorted by pointer.
    package private(set) var keyedArrays: [KeyedArray] = []
    /// JSON Pointers with `*` of members that are new in every document and hold nothing but a time or a token; sorted.
    package private(set) var volatileMembers: [String] = []

    /// - Parameter documents: JSON texts, in the order fetched; what is no JSON says nothing.
    package init(_ documents: [[UInt8]]) {
        let values = documents.compactMap {
            try? JSONSerialization.jsonObject(with: Data($0), options: [.fragmentsAllowed])
        }
        guard let first = values.first else { return }
        var keys: [String: [String: Int]] = [:]
        var arrays: [String: Int] = [:]
        for value in values { Self.collectKeys(value, "", 0, &arrays, &keys) }
        keyedArrays = arrays.compactMap { pointer, count in
            let candidates = (keys[pointer] ?? [:]).filter { $0.value == count }.map(\.key)
            return candidates.min { Self.rank($0) < Self.rank($1) }.map { KeyedArray(pointer: pointer, member: $0) }
        }.sorted { $0.pointer < $1.pointer }
        guard values.count > 2 else { return }
        var members: Set<String> = []
        Self.collectScalars(first, "", 0, &members)
        volatileMembers = members.filter { pointer in
            let seen = values.map { Self.scalars($0, pointer.split(separator: "/").map(String.init)[...]) }
            // A list that grew has new times too, beside those that stayed.
            let changes = zip(seen, seen.dropFirst()).allSatisfy { Set($0).isDisjoint(with: $1) }
            return changes && seen.allSatisfy { !$0.isEmpty && $0.allSatisfy { Self.isTimeOrToken($0, pointer) } }
        }.sorted()
    }

    /// Deeper members are not looked at.
    private static let maximumDepth = 12

    /// How much a member looks like an identity: less is more.
    private static func rank(_ member: String) -> (Int, Int, String) {
        let names = ["id", "_id", "guid", "uuid", "key", "code", "symbol", "slug", "name"]
        let lower = member.lowercased()
        if let place = names.firstIndex(of: lower) { return (place, 0, member) }
        return (lower.hasSuffix("id") ? names.count : names.count + 1, member.count, member)
    }

    /// Counts, for each array of objects, how often it was seen and how often a member told all of its items apart.
    private static func collectKeys(
        _ value: Any,
        _ pointer: String,
        _ depth: Int,
        _ arrays: inout [String: Int],
        _ keys: inout [String: [String: Int]]
    ) {
        guard depth < maximumDepth else { return }
        if let object = value as? [String: Any] {
            for (name, member) in object {
                collectKeys(member, "\(pointer)/\(escaped(name))", depth + 1, &arrays, &keys)
            }
        } else if let items = value as? [Any] {
            for item in items { collectKeys(item, "\(pointer)/*", depth + 1, &arrays, &keys) }
            let objects = items.compactMap { $0 as? [String: Any] }
            guard objects.count > 1, objects.count == items.count else { return }
            arrays[pointer, default: 0] += 1
            for name in objects[0].keys {
                let texts = objects.compactMap { identity($0[name]) }
                if texts.count == objects.count, Set(texts).count == texts.count {
                    keys[pointer, default: [:]][name, default: 0] += 1
                }
            }
        }
    }

    /// What a value says as an identity: a string that is no time, or a whole number.
    private static func identity(_ value: Any?) -> String? {
        if let text = value as? String { return text.isEmpty || isTime(text) ? nil : "s\(text)" }
        guard let number = value as? NSNumber, CFNumberKind.isWhole(number) else { return nil }
        return "n\(number)"
    }

    private static func collectScalars(_ value: Any, _ pointer: String, _ depth: Int, _ into: inout Set<String>) {
        guard depth < maximumDepth else { return }
        if let object = value as? [String: Any] {
            for (name, member) in object { collectScalars(member, "\(pointer)/\(escaped(name))", depth + 1, &into) }
        } else if let items = value as? [Any] {
            for item in items { collectScalars(item, "\(pointer)/*", depth + 1, &into) }
        } else if !pointer.isEmpty {
            into.insert(pointer)
        }
    }

    /// The texts of all scalars at a pointer with `*`.
    private static func scalars(_ value: Any, _ steps: ArraySlice<String>) -> [String] {
        guard let step = steps.first else {
            return value is [Any] || value is [String: Any] ? [] : ["\(value)"]
        }
        if step == "*", let items = value as? [Any] { return items.flatMap { scalars($0, steps.dropFirst()) } }
        let name = step.replacingOccurrences(of: "~1", with: "/").replacingOccurrences(of: "~0", with: "~")
        guard let member = (value as? [String: Any])?[name] else { return [] }
        return scalars(member, steps.dropFirst())
    }

    private static func escaped(_ name: String) -> String {
        name.replacingOccurrences(of: "~", with: "~0").replacingOccurrences(of: "/", with: "~1")
    }

    /// A price that changes at every fetch is news; a time of the answer, or a request's number, is not.
    private static func isTimeOrToken(_ text: String, _ pointer: String) -> Bool {
        let name = pointer.split(separator: "/").last?.lowercased() ?? ""
        if ["requestid", "request_id", "traceid", "trace_id", "nonce", "etag", "uuid"].contains(name) { return true }
        if isTime(text) { return true }
        // Unix time in seconds or milliseconds between 2001 and 2286.
        guard let number = Double(text) else { return false }
        return (1e9..<1e10).contains(number) || (1e12..<1e13).contains(number)
    }

    private static func isTime(_ text: String) -> Bool {
        text.wholeMatch(of: /\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*/) != nil
            || text.wholeMatch(of: /\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} .*/) != nil
    }
}

private enum CFNumberKind {
    /// Neither a fraction nor true or false.
    static func isWhole(_ number: NSNumber) -> Bool {
        let type = String(cString: number.objCType)
        return !["c", "B", "d", "f"].contains(type)
    }
}
