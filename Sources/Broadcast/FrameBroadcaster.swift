import NIOCore
import WebSocket

/// Sends the same frames to many WebSockets of one event loop, past their channels where nothing waits in those: by
/// io_uring, a batch in each system call, where the kernel has it, and with a system call for each socket where not.
///
/// What either brings stands in docs/performance.md. Belongs to its event loop, on whose thread it is made.
package final class FrameBroadcaster {
    /// What a broadcast left to do.
    package struct Outcome {
        /// Positions of sockets that were sent nothing, since something waits in their channels or they are closing.
        package fileprivate(set) var refused: [Int] = []
        /// Sockets whose kernel did not take all, and how many bytes it took. The caller gives them the rest with
        /// `WebSocketHandler.sendRest`, which may call back into whoever stands behind the socket.
        package fileprivate(set) var unfinished: [(socket: WebSocketHandler, written: Int)] = []
    }

    /// Fewer than these are not worth a batch.
    private static let leastBatch = 8

    private(set) var ring: SocketRing?
    private var descriptors: [CInt] = []
    private var results = [CInt](repeating: 0, count: SocketRing.capacity)
    private var batch: [Int] = []

    /// - Parameter usesIOUring: false to do without, for instance where it is not trusted.
    package init(usesIOUring: Bool) {
        ring = usesIOUring ? SocketRing.open() : nil
        descriptors.reserveCapacity(SocketRing.capacity)
        batch.reserveCapacity(SocketRing.capacity)
    }

    /// Whether broadcasts go through io_uring.
    package var usesIOUring: Bool { ring != nil }

    /// Sends whole frames to every socket whose channel holds nothing back. Calls nobody.
    ///
    /// - Parameter sockets: of this event loop; nil for places that get nothing.
    package func send(_ frames: ByteBuffer, to sockets: ContiguousArray<WebSocketHandler?>) -> Outcome {
        var outcome = Outcome()
        frames.withUnsafeReadableBytes { bytes in
            for position in sockets.indices {
                guard let socket = sockets[position] else { continue }
                let descriptor = socket.directDescriptor
                guard descriptor >= 0 else {
                    outcome.refused.append(position)
                    continue
                }
                descriptors.append(descriptor)
                socket.bytesSent += bytes.count
                batch.append(position)
                if batch.count == SocketRing.capacity { sendBatch(bytes, sockets, &outcome) }
            }
            sendBatch(bytes, sockets, &outcome)
        }
        return outcome
    }

    private func sendBatch(
        _ bytes: UnsafeRawBufferPointer,
        _ sockets: ContiguousArray<WebSocketHandler?>,
        _ outcome: inout Outcome
    ) {
        let count = batch.count
        if let ring, count >= Self.leastBatch {
            let isIntact = descriptors.withUnsafeBufferPointer { descriptors in
                results.withUnsafeMutableBufferPointer { ring.send(bytes, to: descriptors, results: $0) }
            }
            if !isIntact { self.ring = nil }
        } else {
            for index in 0..<count { results[index] = CInt(clamping: sendToSocket(descriptors[index], bytes)) }
        }
        for index in 0..<count where Int(results[index]) != bytes.count {
            // A socket that is full takes nothing; one that is broken is found so by its channel in turn.
            if let socket = sockets[batch[index]] {
                let written = max(0, Int(results[index]))
                socket.bytesSent -= bytes.count - written
                outcome.unfinished.append((socket, written))
            }
        }
        descriptors.removeAll(keepingCapacity: true)
        batch.removeAll(keepingCapacity: true)
    }
}
