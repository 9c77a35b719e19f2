import NIOCore

/// A handler of a channel that is no socket, which knows what waits there. Its name in the pipeline is ``Channel/backlogName``.
package protocol OutboundBacklog: AnyObject {
    /// Bytes that were written and have not come to the kernel.
    var waitingBytes: Int { get }
}

extension Channel {
    /// Whether it has the options of a socket. A stream of an HTTP/2 connection ends the process where it is asked for one
    /// that it does not know (`getOption0` of NIOHTTP2's `HTTP2StreamChannel`).
    package var isSocket: Bool { self is any SocketOptionProvider }

    /// Of the ``OutboundBacklog`` in its pipeline.
    package static var backlogName: String { "backlog" }

    /// Bytes that were written and have not come to the kernel; nil where that cannot be told. On its event loop.
    package var waitingBytes: Int? {
        guard !isSocket else { return try? syncOptions?.getOption(.bufferedWritableBytes) }
        let context = try? pipeline.syncOperations.context(name: Self.backlogName)
        return (context?.handler as? any OutboundBacklog)?.waitingBytes
    }
}
