extension FetchRequest {
    /// Why this request cannot be sent, if it cannot. Header fields are checked here because libcurl sends them as
    /// they are (CURLOPT_HTTPHEADER, "Security concerns"): a line break would smuggle in further fields or a request.
    var refusal: FetchFailure? {
        guard Self.isToken(method) else {
            return FetchFailure(code: .invalid, reason: "\"\(method)\" is no HTTP method")
        }
        guard UpstreamHost(url: url) != nil else {
            return FetchFailure(code: .invalid, reason: "\"\(url)\" is no http or https URL")
        }
        for (name, value) in headers {
            guard Self.isToken(name) else {
                return FetchFailure(code: .invalid, reason: "\"\(name)\" is no header field name")
            }
            guard value.utf8.allSatisfy({ $0 != 0x0D && $0 != 0x0A && $0 != 0 }) else {
                return FetchFailure(code: .invalid, reason: "the value of header field \(name) has a line break or NUL")
            }
        }
        return nil
    }

    /// RFC 9110 section 5.6.2.
    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default:
                    "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }
}
