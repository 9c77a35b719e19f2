/// What an answer's header fields say about when to ask again: RFC 9111 sections 4.2 and 5.2.2, RFC 9110 section 10.2.3.
struct CachingRules: Equatable {
    /// `s-maxage`, which is for shared caches such as this, or else `max-age`.
    var maxAge: Nanoseconds?
    var age: Nanoseconds?
    /// From the answer's own moment on.
    var retryAfter: Nanoseconds?
    /// A 304 without `Cache-Control` leaves the stored lifetime in force.
    var hasCacheControl = false

    /// How long the answer stays fresh from when it was received: `max-age` less `Age`.
    var freshness: Nanoseconds? {
        maxAge.map { max(0, $0 - (age ?? 0)) }
    }

    /// `now` is Unix time in seconds, for a `Retry-After` date where the answer has no `Date`.
    init(_ head: ResponseHead, now: Int64) {
        var shared: Nanoseconds?
        var general: Nanoseconds?
        // To be asked about each time, whatever else the field says (RFC 9111 sections 5.2.2.4 and 5.2.2.5). With field names behind
        // it, `no-cache` is about those fields.
        var isNeverFresh = false
        var date: String?
        var retry: String?
        head.forEach { field, value in
            switch field {
            case .cacheControl:
                hasCacheControl = true
                for directive in value.split(separator: ",") {
                    let parts = directive.split(separator: "=", maxSplits: 1).map(Self.trimmed)
                    guard parts.count == 2 else {
                        if ["no-cache", "no-store"].contains(parts.first?.lowercased()) { isNeverFresh = true }
                        continue
                    }
                    switch parts[0].lowercased() {
                    case "s-maxage": shared = shared ?? Self.deltaSeconds(parts[1])
                    case "max-age": general = general ?? Self.deltaSeconds(parts[1])
                    default: break
                    }
                }
            case .age: age = age ?? Self.deltaSeconds(Self.trimmed(value[...]))
            case .date: date = value
            case .retryAfter: retry = value
            default: break
            }
        }
        maxAge = isNeverFresh ? nil : shared ?? general
        retryAfter = retry.flatMap { Self.retryAfter($0, date: date, now: now) }
    }

    /// Seconds, or a date; a date counts from the answer's `Date`, so that the upstream's clock may be wrong.
    private static func retryAfter(_ value: String, date: String?, now: Int64) -> Nanoseconds? {
        let value = trimmed(value[...])
        if let seconds = deltaSeconds(value) { return seconds }
        guard let then = HTTPDate.seconds(value) else { return nil }
        let reference = date.flatMap(HTTPDate.seconds) ?? now
        return max(0, then - reference) * .second
    }

    /// Digits, also within quotes (RFC 9111 section 5.2 asks recipients to take both). What does not fit in 31 bits
    /// counts as the largest that does (RFC 9111 section 1.2.2).
    private static func deltaSeconds(_ text: Substring) -> Nanoseconds? {
        var digits = text.utf8[...]
        if digits.count >= 2, digits.first == UInt8(ascii: "\""), digits.last == UInt8(ascii: "\"") {
            digits = digits.dropFirst().dropLast()
        }
        guard !digits.isEmpty else { return nil }
        var seconds: Int64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            seconds = min(seconds * 10 + Int64(digit - UInt8(ascii: "0")), 1 << 31)
        }
        return seconds * .second
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
