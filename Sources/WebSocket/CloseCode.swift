/// The status code of a close frame (RFC 6455 §7.4, and the IANA "WebSocket Close Code Number Registry").
package struct CloseCode: RawRepresentable, Hashable, Sendable {
    /// The number, 0...65535. Every number can be held; `isValidOnWire` says whether it may be received.
    package let rawValue: UInt16

    /// Any number is accepted.
    package init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// 1000: the purpose of the connection is fulfilled.
    package static let normal = CloseCode(rawValue: 1000)
    /// 1001: a server that stops, or a browser that leaves the page.
    package static let goingAway = CloseCode(rawValue: 1001)
    /// 1002: the peer broke the protocol.
    package static let protocolError = CloseCode(rawValue: 1002)
    /// 1003: a kind of data (text or binary) that this endpoint cannot take.
    package static let unsupportedData = CloseCode(rawValue: 1003)
    /// 1005: stands for a close frame without a code; never sent.
    package static let noStatus = CloseCode(rawValue: 1005)
    /// 1006: stands for a connection that ended without a close frame; never sent.
    package static let abnormalClosure = CloseCode(rawValue: 1006)
    /// 1007: text that is not UTF-8, or compressed data that does not inflate.
    package static let invalidPayload = CloseCode(rawValue: 1007)
    /// 1008: not allowed, where no other code fits.
    package static let policyViolation = CloseCode(rawValue: 1008)
    /// 1009: a frame or message larger than the limit.
    package static let messageTooBig = CloseCode(rawValue: 1009)
    /// 1011: an unexpected condition on the server.
    package static let internalError = CloseCode(rawValue: 1011)
    /// 1013: overload; come back later.
    package static let tryAgainLater = CloseCode(rawValue: 1013)
    /// 1014: the backend behind this gateway failed.
    package static let badGateway = CloseCode(rawValue: 1014)

    /// Whether a close frame may carry this code: 1000...1014 less those that only stand for something (1004, 1005,
    /// 1006), and 3000...4999, which libraries and applications share out among themselves (RFC 6455 §7.4.2).
    package static func isValidOnWire(_ rawValue: UInt16) -> Bool {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }

    /// Whether we may put this code in a close frame: the same rule that we hold the peer to.
    package var mayBeSent: Bool { CloseCode.isValidOnWire(self.rawValue) }
}
