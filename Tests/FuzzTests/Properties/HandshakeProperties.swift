@testable import WebSocket

/// Any request head is judged; nothing of it gets into the answer's syntax; both ends agree on what was negotiated.
enum HandshakeProperties {
    static func check(_ bytes: [UInt8]) throws(PropertyViolation) {
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        var headers: [(name: String, value: String)] = []
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            headers.append((name: parts[0], value: parts.count > 1 ? parts[1] : ""))
        }
        let result = WebSocketHandshake.evaluate(method: lines[0], version: (1, 1), headers: headers)
        switch result {
        case .upgrade(let upgrade): try checkUpgrade(upgrade, hasKey: true)
        case .refuse(let refusal): try require([400, 405, 426].contains(refusal.status), "status \(refusal.status)")
        case .notAnUpgrade: break
        }
        // The same fields over HTTP/2, where a request has one host in its :authority.
        switch WebSocketHandshake.evaluate(connectProtocol: lines[0], headers: headers) {
        case .upgrade(let upgrade):
            try require(WebSocketHandshake.isNamed(by: lines[0]), "\(lines[0]) was taken for websocket")
            try checkUpgrade(upgrade, hasKey: false)
        case .refuse(let refusal): try require([400, 426, 501].contains(refusal.status), "status \(refusal.status)")
        case .notAnUpgrade: throw PropertyViolation("an extended CONNECT was taken for a plain request")
        }
        // Most inputs are no handshake: their lines are tried as offers, too.
        for line in lines { try checkOffers(ExtensionOffer.parse(line)) }
    }

    private static func checkUpgrade(
        _ upgrade: WebSocketHandshake.Upgrade,
        hasKey: Bool
    ) throws(PropertyViolation) {
        try require(
            upgrade.acceptKey?.utf8.count == (hasKey ? 28 : nil),
            "the accept key is \(upgrade.acceptKey ?? "none")"
        )
        try checkOffers(upgrade.extensions)
        for protocolName in upgrade.subprotocols {
            for (name, value) in upgrade.responseHeaders(subprotocol: protocolName, extensions: nil) {
                let isClean = value.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
                try require(isClean, "\(name): \(value.debugDescription)")
            }
        }
    }

    private static func checkOffers(_ offers: [ExtensionOffer]?) throws(PropertyViolation) {
        guard let offers else { return }
        let text = offers.map(\.description).joined(separator: ", ")
        try require(ExtensionOffer.parse(text) == offers, "\(text) is read back differently")
        for policy in CompressionPolicy.allCases {
            guard let (agreed, header) = DeflateNegotiation.answer(offers, policy: policy) else { continue }
            do {
                guard let read = try DeflateNegotiation.accept(ExtensionOffer.parse(header) ?? []) else {
                    throw ClientHandshakeError.invalidExtension(header)
                }
                try require(
                    read.incomingTakeover == agreed.outgoingTakeover
                        && (agreed.incomingTakeover || !read.outgoingTakeover),
                    "\(text): we agreed on \(agreed), the client read \(read)"
                )
            } catch let violation as PropertyViolation {
                throw violation
            } catch {
                throw PropertyViolation("\(text): the client refuses \(header): \(error)")
            }
        }
    }
}
