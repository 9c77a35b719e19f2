import BridgeConfiguration
import Systemd

/// Which of the sockets that the process was started with serves which entry of `listen`.
struct InheritedListeners: Sendable {
    private let sockets: [PassedSocket]

    init(_ sockets: [PassedSocket]) {
        self.sockets = sockets
    }

    /// By name where the entry has one, else by address; nil where the entry is to be bound.
    ///
    /// - Throws: where nothing of the name was passed.
    func socket(for entry: ListenAddress) throws(NoSuchSocket) -> PassedSocket? {
        guard let name = entry.socket else {
            return sockets.first { $0.port == entry.port && $0.listens(on: entry.host) }
        }
        guard let socket = sockets.first(where: { $0.name == name }) else {
            throw NoSuchSocket(name: name, passed: sockets.map(\.name))
        }
        return socket
    }

    /// Those that no entry names: nobody would ever accept what comes there.
    func unused(by entries: [ListenAddress]) -> [PassedSocket] {
        let used = entries.compactMap { try? socket(for: $0)?.descriptor }
        return sockets.filter { !used.contains($0.descriptor) }
    }

    struct NoSuchSocket: Error, CustomStringConvertible {
        let name: String
        let passed: [String]

        var description: String {
            let what =
                passed.isEmpty
                ? "none was (is the bridge started by its socket unit?)"
                : "only \(passed.map { "\"\($0)\"" }.joined(separator: ", ")) (FileDescriptorName= in the socket unit)"
            return "the service manager was to pass a socket named \"\(name)\", but \(what)"
        }
    }
}

extension PassedSocket {
    /// `ListenStream=8080` is every address of both families.
    fileprivate func listens(on host: String) -> Bool {
        switch host.lowercased() {
        case self.host: true
        case "localhost": self.host == "127.0.0.1" || self.host == "::1"
        case "0.0.0.0": self.host == "::"
        default: false
        }
    }
}
