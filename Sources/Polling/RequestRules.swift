extension FetchRequest {
    /// Where this request goes. Throws where it cannot be sent. Header fields are checked here because libcurl sends them as
    /// they are (CURLOPT_HTTPHEADER, "Security concerns"): a line break would smuggle in further fields or a request.
    func checkedHost() throws(FetchFailure) -> UpstreamHost {
        guard Self.isToken(method) else {
            throw FetchFailure(code: .invalid, reason: "\"\(method)\" is no HTTP method")
        }
        guard let host = UpstreamHost(url: url) else {
            throw FetchFailure(code: .invalid, reason: "\"\(url)\" is no http or https URL")
        }
        for (name, value) in headers {
            guard Self.isToken(name) else {
                throw FetchFailure(code: .invalid, reason: "\"\(name)\" is no header field name")
            }
            guard value.utf8.allSatisfy({ $0 != 0x0D && $0 != 0x0A && $0 != 0 }) else {
                throw FetchFailure(code: .invalid, reason: "the value of header field \(name) has a line break or NUL")
            }
        }
        return host
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
