import NIOHPACK
import NIOHTTP1

/// The fields that open a request (RFC 9113 section 8.3), in the form that the codec to HTTP/1.1 takes, and what is wrong
/// with them beyond what NIOHTTP2 refuses itself.
struct HTTP2RequestHead {
    /// Has `:method`, `:scheme`, `:path` and `:authority`, once each, no `host`, and at most one `cookie`.
    let fields: HPACKHeaders
    /// `:protocol` of an extended CONNECT (RFC 8441 section 4); nil for every other request.
    let connectProtocol: String?
    /// The answer to a request that goes no further; nil for a good one.
    let problem: Problem?

    private static let maximumField = 16 * 1024
    private static let maximumBytes = 64 * 1024
    private static let maximumCount = 128

    init(_ received: HPACKHeaders) {
        var pseudo: [String: String] = [:]
        var regular: [(String, String)] = []
        var hosts: [String] = []
        var cookies: [String] = []
        var bytes = 0
        var largest = 0
        for (name, value, _) in received {
            let size = name.utf8.count + value.utf8.count
            bytes += size
            largest = max(largest, size)
            switch name {
            case "host": hosts.append(value)
            // A client may send its cookies one by one; whoever reads them knows only the one line of HTTP/1.1
            // (RFC 9113 section 8.2.3).
            case "cookie": cookies.append(value)
            case _ where name.hasPrefix(":"): pseudo[name] = value
            default: regular.append((name, value))
            }
        }
        connectProtocol = pseudo[":protocol"]
        let isTunnel = pseudo[":method"] == "CONNECT" && connectProtocol == nil
        let authority = pseudo[":authority"] ?? hosts.first
        // A CONNECT of the old kind has no path; the other end of its tunnel is the target of the request then, as in
        // HTTP/1.1 (RFC 9113 section 8.5).
        let path = isTunnel ? authority ?? "" : pseudo[":path"] ?? ""

        if largest > Self.maximumField || bytes > Self.maximumBytes || received.count > Self.maximumCount {
            problem = .headerFieldsTooLarge
        } else if hosts.count > 1 || authority == nil || hosts.contains(where: { $0 != authority }) {
            problem = .badRequest("a request names one host, in :authority or in host (RFC 9113 section 8.3.1)")
        } else if !isTunnel, path != "*", !path.hasPrefix("/") {
            problem = .badRequest("the :path of a request begins with a slash (RFC 9113 section 8.3.1)")
        } else {
            problem = nil
        }

        if !cookies.isEmpty { regular.append(("cookie", cookies.joined(separator: "; "))) }
        fields = HPACKHeaders(
            [
                (":method", pseudo[":method"] ?? ""), (":scheme", pseudo[":scheme"] ?? "https"), (":path", path),
                (":authority", authority ?? ""),
            ] + regular
        )
    }
}

extension Problem {
    static var headerFieldsTooLarge: Problem {
        Problem(status: .requestHeaderFieldsTooLarge, detail: "the request's header fields are too large")
    }
}
