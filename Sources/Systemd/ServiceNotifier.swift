import Glibc

/// Tells the service manager how the process fares: a datagram to the socket that `NOTIFY_SOCKET` names, as
/// sd_notify(3) describes it. Any thread.
package struct ServiceNotifier: Sendable {
    /// A line of such a datagram.
    package enum State: Sendable, Equatable {
        /// It is up, or a reload has ended.
        case ready
        /// A reload has begun, at this time of CLOCK_MONOTONIC in microseconds.
        case reloading(monotonicMicroseconds: UInt64)
        case stopping
        /// It is alive: resets the watchdog's clock.
        case watchdog
        /// A line for people, which `systemctl status` shows.
        case status(String)

        var line: String {
            switch self {
            case .ready: "READY=1"
            case .reloading(let microseconds): "RELOADING=1\nMONOTONIC_USEC=\(microseconds)"
            case .stopping: "STOPPING=1"
            case .watchdog: "WATCHDOG=1"
            // A line break would begin another assignment.
            case .status(let text): "STATUS=\(text.replacing("\n", with: " "))"
            }
        }
    }

    /// A path, or a name in the abstract space that begins with `@`.
    private let address: String

    /// Nil where nobody waits for news: the process was not started as a service, or not with `Type=notify`.
    package init?(environment: [String: String]) {
        guard let address = environment["NOTIFY_SOCKET"], address.hasPrefix("/") || address.hasPrefix("@") else {
            return nil
        }
        self.address = address
    }

    /// Sends all states in one datagram. Blocks for a second at most, where the receiver is behind.
    ///
    /// - Returns: false where it was not taken. There is nothing that the process could do about it.
    @discardableResult
    package func send(_ states: State...) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var patience = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let text = Array(states.map(\.line).joined(separator: "\n").utf8)
        return withSocketAddress { pointer, length in
            sendto(descriptor, text, text.count, Int32(MSG_NOSIGNAL), pointer, length) == text.count
        } ?? false
    }

    /// Nil where the name is too long for a socket.
    private func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result? {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(self.address.utf8)
        if name.first == UInt8(ascii: "@") { name[0] = 0 }
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard name.count < capacity else { return nil }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        // In the abstract space every byte counts, so that the length has to be exact.
        let length = socklen_t(MemoryLayout<sockaddr_un>.size - capacity + name.count)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }
}

extension ServiceNotifier.State {
    /// ``reloading(monotonicMicroseconds:)`` with the time of the call.
    package static var reloadingNow: Self {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return .reloading(monotonicMicroseconds: UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000)
    }
}
