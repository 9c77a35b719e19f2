import CURing

/// An io_uring of one thread, for sending the same bytes to many sockets in one system call.
final class SocketRing {
    /// How many sends fit in at once; what sizes bring stands in docs/performance.md.
    static let capacity = 512

    /// At one address for as long as it is open, as liburing asks.
    let ring: UnsafeMutablePointer<io_uring>

    private init(ring: UnsafeMutablePointer<io_uring>) {
        self.ring = ring
    }

    /// Opens one for the calling thread.
    ///
    /// - Returns: nil where the kernel has none or does not let this process use it: old kernels, sandboxes, containers.
    static func open() -> SocketRing? {
        let ring = UnsafeMutablePointer<io_uring>.allocate(capacity: 1)
        guard curing_open(ring, UInt32(capacity)) == 0 else {
            ring.deallocate()
            return nil
        }
        return SocketRing(ring: ring)
    }

    deinit {
        io_uring_queue_exit(ring)
        ring.deallocate()
    }

    /// Sends `bytes` to each of the sockets; all has ended when this returns.
    ///
    /// - Parameters:
    ///   - descriptors: at most ``capacity`` of them.
    ///   - results: as many; how many bytes the kernel took of each, or a negative errno.
    /// - Returns: false where the ring is of no further use.
    func send(
        _ bytes: UnsafeRawBufferPointer,
        to descriptors: UnsafeBufferPointer<CInt>,
        results: UnsafeMutableBufferPointer<CInt>
    ) -> Bool {
        curing_send(
            ring,
            descriptors.baseAddress,
            results.baseAddress,
            UInt32(descriptors.count),
            bytes.baseAddress,
            bytes.count
        ) == 0
    }
}
