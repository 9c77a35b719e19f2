import CCurl

/// HTTP dates, RFC 9110 section 5.6.7.
enum HTTPDate {
    /// Unix time in seconds. All three forms of the RFC; also what else `curl_getdate` understands, as long as it starts
    /// with the name of a day.
    static func seconds(_ text: some StringProtocol) -> Int64? {
        let days: Set<Substring> = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        guard text.utf8.count <= 64, days.contains(Substring(text.prefix(3).lowercased())) else { return nil }
        let seconds = curl_getdate(String(text), nil)
        return seconds < 0 ? nil : Int64(seconds)
    }

    /// The form that senders must generate, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
    static func isStandard(_ text: String) -> Bool {
        let shape = Array("aaa, dd aaa dddd dd:dd:dd GMT".utf8)
        let bytes = Array(text.utf8)
        guard bytes.count == shape.count else { return false }
        for (byte, expected) in zip(bytes, shape) {
            switch expected {
            case UInt8(ascii: "a"):
                guard (byte | 0x20) >= UInt8(ascii: "a"), (byte | 0x20) <= UInt8(ascii: "z") else { return false }
            case UInt8(ascii: "d"):
                guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return false }
            default:
                guard byte == expected else { return false }
            }
        }
        return seconds(text) != nil
    }
}
