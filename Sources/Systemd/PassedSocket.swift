import Glibc

/// A listening TCP socket that the process was started with: socket activation (sd_listen_fds(3)).
package struct PassedSocket: Sendable, Equatable {
    /// Open, and listening.
    package let descriptor: CInt
    /// `FileDescriptorName=` of the socket unit; the unit's own name where it says none.
    package let name: String
    /// Numeric.
    package let host: String
    /// The port that it is bound to.
    package let port: Int

    /// `127.0.0.1:8080`, `[::]:8080`.
    package var address: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Descriptors that are passed begin here (SD_LISTEN_FDS_START).
    package static let firstDescriptor: CInt = 3

    /// All of them, in the order of the units; none where the process was started otherwise.
    ///
    /// - Throws: where something else than a listening TCP socket was passed.
    package static func all(
        environment: [String: String],
        processIdentifier: Int32,
        firstDescriptor: CInt = firstDescriptor
    ) throws(PassedSocketError) -> [PassedSocket] {
        // Meant for another process, whose environment this one got.
        guard let identifier = environment["LISTEN_PID"], Int32(identifier) == processIdentifier,
            let text = environment["LISTEN_FDS"]
        else { return [] }
        guard let count = CInt(text), (0...1024).contains(count) else { throw PassedSocketError(.count(text)) }
        let names = (environment["LISTEN_FDNAMES"] ?? "").split(separator: ":", omittingEmptySubsequences: false)
        var sockets: [PassedSocket] = []
        for index in 0..<count {
            let name = Int(index) < names.count ? String(names[Int(index)]) : ""
            sockets.append(try PassedSocket(firstDescriptor + index, name: name))
        }
        return sockets
    }

    private init(_ descriptor: CInt, name: String) throws(PassedSocketError) {
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        guard Self.option(SO_TYPE, of: descriptor) == CInt(SOCK_STREAM.rawValue),
            let (host, port) = Self.localAddress(of: descriptor)
        else { throw PassedSocketError(.noTCP(descriptor: descriptor, name: name)) }
        guard Self.option(SO_ACCEPTCONN, of: descriptor) == 1 else {
            throw PassedSocketError(.noListener(descriptor: descriptor, name: name))
        }
        self.descriptor = descriptor
        self.name = name
        self.host = host
        self.port = port
    }

    private static func option(_ option: CInt, of descriptor: CInt) -> CInt? {
        var value: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        return getsockopt(descriptor, SOL_SOCKET, option, &value, &length) == 0 ? value : nil
    }

    /// Nil where it is no socket of the internet's families.
    private static func localAddress(of descriptor: CInt) -> (host: String, port: Int)? {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &address) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                guard getsockname(descriptor, pointer, &length) == 0,
                    [AF_INET, AF_INET6].contains(CInt(pointer.pointee.sa_family))
                else { return nil }
                var (host, port) = ([CChar](repeating: 0, count: 64), [CChar](repeating: 0, count: 8))
                let flags = NI_NUMERICHOST | NI_NUMERICSERV
                guard getnameinfo(pointer, length, &host, 64, &port, 8, flags) == 0 else { return nil }
                let (hostText, portText) = (text(host), text(port))
                return Int(portText).map { (hostText, $0) }
            }
        }
    }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// What was passed cannot be listened on.
package struct PassedSocketError: Error, Equatable, CustomStringConvertible {
    enum Code: Equatable {
        case count(String)
        case noTCP(descriptor: CInt, name: String)
        case noListener(descriptor: CInt, name: String)
    }

    let code: Code

    init(_ code: Code) {
        self.code = code
    }

    package var description: String {
        switch code {
        case .count(let text): "LISTEN_FDS is \"\(text)\", which is no number of sockets from 0 to 1024"
        case .noTCP(let descriptor, let name):
            "descriptor \(descriptor) (\"\(name)\"), passed by the service manager, is no TCP socket: "
                + "let ListenStream= of the socket unit name a port, or an address and a port"
        case .noListener(let descriptor, let name):
            "descriptor \(descriptor) (\"\(name)\"), passed by the service manager, does not listen: "
                + "the socket unit must not say Accept=yes"
        }
    }
}
