import Foundation

/// An address that answers no attempt to connect: a listener that accepts nobody, whose queue is full.
final class BlackHole: Sendable {
    private let descriptors: [Int32]
    private let port: UInt16

    init() throws {
        var descriptors = [socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)]
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptors[0], address, length) == 0 && listen(descriptors[0], 0) == 0
                    && getsockname(descriptors[0], address, &length) == 0
            }
        }
        guard isListening else { throw POSIXError(.EADDRNOTAVAIL) }
        // A backlog of 0 takes one or two connections; those that follow wait for an answer to their SYN.
        for _ in 0..<4 {
            let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
            let filler = socket(AF_INET, kind, 0)
            withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = connect(filler, $0, length) }
            }
            descriptors.append(filler)
        }
        self.descriptors = descriptors
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit {
        for descriptor in descriptors { close(descriptor) }
    }

    var address: String { "tcp://127.0.0.1:\(port)" }
}
