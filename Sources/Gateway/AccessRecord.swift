import Foundation
import NIOCore
import WebSocket

/// What the access log says of one request, or of one connection that outlived its request.
struct AccessRecord: Sendable {
    let info: ConnectionInfo
    /// The method of the request; nil where none came whole.
    let method: String?
    let end: ConnectionEnd
    /// From the request's head to the end.
    let duration: TimeAmount

    /// - Parameter now: when it ended.
    init(_ info: ConnectionInfo, method: String? = "GET", _ end: ConnectionEnd, at now: NIODeadline = .now()) {
        // A WebSocket begins with another method and another status over HTTP/2 (RFC 8441).
        let isConnect = info.protocol == .http2 && end.status == 101
        var end = end
        if isConnect { end.status = 200 }
        self.info = info
        self.method = isConnect ? "CONNECT" : method
        self.end = end
        duration = now - info.beganAt
    }

    /// A line, with its end.
    func line(_ format: AccessLog.Format, at time: Date = Date()) -> ByteBuffer {
        var fields: [(name: String, value: Value)] = [
            ("time", .text(time.formatted(Self.timeStyle))),
            ("address", .text(info.address ?? "-")),
        ]
        if let user = info.user { fields.append(("user", .text(user))) }
        if let method { fields.append(("method", .text(method))) }
        if let target = info.target { fields.append(("target", .text(target))) }
        fields.append(("route", .text(info.route)))
        fields.append(("transport", .text(info.transport.rawValue)))
        if info.protocol != .http1 { fields.append(("protocol", .text(info.protocol.rawValue))) }
        if let backend = end.backend { fields.append(("backend", .text(backend))) }
        if let status = end.status { fields.append(("status", .number(status))) }
        if let closeCode = end.closeCode { fields.append(("close", .number(closeCode))) }
        if let cause = end.cause { fields.append(("end", .text(cause.word))) }
        fields.append(("received", .number(end.received)))
        fields.append(("sent", .number(end.sent)))
        fields.append(("ms", .number(Int(duration.nanoseconds / 1_000_000))))
        return Self.line(fields, format)
    }

    /// The line that tells of lines that there was no room for.
    static func lineOfDropped(_ count: Int, _ format: AccessLog.Format) -> ByteBuffer {
        line([("time", .text(Date().formatted(timeStyle))), ("dropped", .number(count))], format)
    }

    private enum Value {
        case text(String)
        case number(Int)
    }

    private static let timeStyle = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    private static func line(_ fields: [(name: String, value: Value)], _ format: AccessLog.Format) -> ByteBuffer {
        var line = ByteBuffer()
        if format == .json { line.writeString("{") }
        for (index, field) in fields.enumerated() {
            switch format {
            case .json:
                line.writeString(index == 0 ? "\"\(field.name)\":" : ",\"\(field.name)\":")
            case .text:
                line.writeString(index == 0 ? "\(field.name)=" : " \(field.name)=")
            }
            switch field.value {
            case .number(let number): line.writeString(String(number))
            case .text(let text) where format == .text && text.isPlain: line.writeString(text)
            // What a client chose is in quotes, with escapes: it can begin no line and no field of its own.
            case .text(let text): line.writeJSONString(text)
            }
        }
        line.writeString(format == .json ? "}\n" : "\n")
        return line
    }
}

extension String {
    /// Whether it needs no quotes.
    fileprivate var isPlain: Bool {
        !isEmpty && utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    }
}

extension WebSocketClosure.Cause {
    /// Who or what ended a WebSocket, in one word.
    fileprivate var word: String {
        switch self {
        case .closedByUs: "bridge"
        case .closedByPeer: "client"
        case .violation: "violation"
        case .silence: "silence"
        case .closeTimeout: "timeout"
        case .connectionLost: "lost"
        }
    }
}

extension RequestTarget {
    /// The target as a log may have it: values of the query are shown for the parameters that the bridge or the route
    /// knows, and masked for all others. A token may be under any name.
    func masked(knownParameters: [String]) -> String {
        guard !query.isEmpty else { return rawPath }
        let parameters = query.map { name, value in
            let isKnown = Self.ownParameters.contains(name) || knownParameters.contains(name)
            // A token alone looks like a name.
            if !isKnown, value.isEmpty { return "***" }
            let isShown = isKnown && !name.namesSecret
            return "\(name.percentEncoded)=\(isShown ? value.percentEncoded : "***")"
        }
        return "\(rawPath)?\(parameters.joined(separator: "&"))"
    }

    private static let ownParameters = ["mode", "since", "last_event_id", "lastEventId"]
}

extension String {
    /// Whether a parameter of this name holds a secret even where the route knows it.
    fileprivate var namesSecret: Bool {
        let name = lowercased()
        return ["token", "secret", "passw", "pwd", "key", "auth", "jwt", "sig", "session", "credential"]
            .contains { name.contains($0) }
    }
}
