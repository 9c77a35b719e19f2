/// What both ends agreed on for the permessage-deflate extension (RFC 7692 §7), seen from our side.
package struct PerMessageDeflate: Sendable, Hashable {
    /// How we keep our compressor between messages. False: every message stands alone, so that its compressed form
    /// can be shared between connections and no compressor is held while the connection is idle.
    package var outgoingTakeover: Bool
    /// The window that our messages may refer back to, as a power of two: 8...15.
    package var outgoingWindowBits: Int
    /// Whether the peer's messages may refer back to its earlier ones, so that our decompressor must be kept. How far back
    /// is no matter: we inflate with the largest window, which suits every peer.
    package var incomingTakeover: Bool
    /// How our messages are compressed.
    package var settings: CompressionSettings

    /// - Parameters:
    ///   - outgoingTakeover: see the property.
    ///   - outgoingWindowBits: 8...15.
    ///   - incomingTakeover: see the property.
    ///   - settings: zlib's level and memory level, and from which size a message is compressed.
    package init(
        outgoingTakeover: Bool = false,
        outgoingWindowBits: Int = 15,
        incomingTakeover: Bool = true,
        settings: CompressionSettings = CompressionSettings()
    ) {
        self.outgoingTakeover = outgoingTakeover
        self.outgoingWindowBits = outgoingWindowBits
        self.incomingTakeover = incomingTakeover
        self.settings = settings
    }
}

/// How much work goes into compression. The peer does not see these.
package struct CompressionSettings: Sendable, Hashable {
    /// zlib's level, 1...9.
    ///
    /// 6, zlib's own default: on JSON of some kilobytes it is 10-15 % smaller than level 1 at about twice the time, and
    /// a shared frame is compressed once for all its subscribers; levels 7-9 gain less than 1 % there.
    package var level: Int = 6
    /// zlib's memory level, 1...9: a compressor takes 2^(memoryLevel + 9) bytes besides 4 times its window.
    package var memoryLevel: Int = 8
    /// Shorter messages go out as they are, in bytes: on those deflate saves less than a packet's header.
    package var threshold: Int = 256

    package init() {}
}

/// What a route says to a client that offers permessage-deflate.
package enum CompressionPolicy: String, Sendable, Hashable, CaseIterable {
    /// Every offer is declined.
    case off
    /// Accepted without context takeover in either direction: one compressed frame serves every subscriber, and an
    /// idle connection holds no zlib memory.
    case shared
    /// Accepted with context takeover as far as the client allows it: the best ratio, for about 300 KB a connection.
    case context
}
