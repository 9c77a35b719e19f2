import Foundation
import NIOHTTP1
import Topics

/// The validators of an `If-None-Match` header (RFC 9110 section 13.1.2).
struct EntityTagList {
    private let any: Bool
    private let tags: [String]

    init(_ headers: HTTPHeaders) {
        let members = headers[canonicalForm: "if-none-match"].map { $0.trimmingCharacters(in: .whitespaces) }
        any = members.contains("*")
        // Weak comparison: a `W/` that a proxy added does not matter.
        tags = members.map { $0.hasPrefix("W/") ? String($0.dropFirst(2)) : String($0) }
            .filter { $0.count >= 2 && $0.hasPrefix("\"") && $0.hasSuffix("\"") }
            .map { String($0.dropFirst().dropLast()) }
    }

    func match(_ version: VersionID) -> Bool {
        any || tags.contains(version.text)
    }

    /// The version that the client holds and that a long poll waits to see replaced: the newest where it is listed, or
    /// the one listed while there is no document yet. nil where the answer is due at once.
    func version(among newest: Revision?) -> VersionID? {
        guard let newest else { return tags.first.flatMap { VersionID(text: $0) } }
        return match(newest.document.id) ? newest.document.id : nil
    }
}

/// The preferences of a `Prefer` header that are understood here (RFC 7240).
struct Preferences {
    /// Seconds, 1…120.
    let wait: Int?

    init(_ headers: HTTPHeaders) {
        var wait: Int?
        for preference in headers[canonicalForm: "prefer"].flatMap({ $0.split(separator: ";") }) where wait == nil {
            let parts = preference.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            guard parts.count == 2, parts[0].lowercased() == "wait" else { continue }
            wait = Int(parts[1].trimmingCharacters(in: CharacterSet(charactersIn: "\"")))
        }
        self.wait = wait.flatMap { $0 > 0 ? min($0, 120) : nil }
    }
}

extension HTTPExchange {
    /// Whether the `Accept` header names this media type itself (RFC 9110 section 12.5.1), not with `q=0`.
    func accepts(_ mediaType: String) -> Bool {
        head.headers[canonicalForm: "accept"].contains { range in
            let parts = range.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
            return parts.first == mediaType && !parts.dropFirst().contains { ["q=0", "q=0.0", "q=0.00"].contains($0) }
        }
    }
}

extension HTTPRequestHead {
    /// Whether the client sends the request's body only when it is told to (RFC 9110 section 10.1.1).
    var waitsBeforeBody: Bool {
        guard version == .http1_1, headers.contains(name: "Expect") else { return false }
        let hasBody = headers.contains(name: "Transfer-Encoding") || headers.first(name: "Content-Length") ?? "0" != "0"
        return hasBody && headers[canonicalForm: "expect"].contains { $0.lowercased() == "100-continue" }
    }
}

extension String {
    /// Whether it has only characters that a `Host` header may have (RFC 9110 section 7.2; RFC 3986 section 3.2): what
    /// reads differently to different programs, such as white space, a path or a user, is no host.
    var isHostField: Bool {
        utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "-._~:[]%!$&'()*+;=".utf8.contains(byte)
            }
        }
    }
}
