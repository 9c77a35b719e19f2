import NIOCore

/// Bounds what a peer may have sent ahead while nobody reads: looks after the size that the kernel's autotuning gives a
/// socket's receive buffer. Belongs to the channel's event loop.
///
/// At the peer's FIN NIO reads all that the kernel holds, whether reading is paused or not (`readEOF0` of its
/// `BaseSocketChannel`), so that the kernel's buffer becomes memory of the process. Beside a reader that stops and goes
/// on, Linux lets it grow up to `net.ipv4.tcp_rmem`, which is 32 MiB on newer systems. Up to ``largest`` autotuning is
/// left alone: a fixed size from the start would be too small for a fast peer that is far, and too large for one of
/// thousands that are never read.
package struct ReceiveWindow {
    /// Bytes of kernel memory that are left to autotuning; what Linux gave at most for many years.
    package static let largest = 6 << 20
    /// The size in use after that, which the kernel doubles for what it needs itself, and cuts to `net.core.rmem_max`.
    package static let fixed = 2 << 20

    /// How much is read between two looks: far less than autotuning needs to get past ``largest``.
    private static let step = 128 << 10
    private let largest: Int
    private let fixed: Int
    private var untilNextLook = step
    private var isFixed = false

    /// - Parameters:
    ///   - largest: bytes of kernel memory that are left to autotuning.
    ///   - fixed: what is asked for past that.
    package init(largest: Int = Self.largest, fixed: Int = Self.fixed) {
        self.largest = largest
        self.fixed = fixed
    }

    /// Bytes were read.
    package mutating func received(_ count: Int, from channel: any Channel) {
        guard !isFixed else { return }
        untilNextLook -= count
        guard untilNextLook < 0 else { return }
        untilNextLook = Self.step
        let option = ChannelOptions.socketOption(.so_rcvbuf)
        // A channel that is no socket has no such buffer.
        guard channel.isSocket, let options = channel.syncOptions, let size = try? options.getOption(option),
            Int(size) > largest
        else { return }
        isFixed = true
        try? options.setOption(option, value: SocketOptionValue(fixed))
    }
}
