import Glibc
import Testing

@testable import Systemd

@Suite("Sockets that the process was started with")
struct PassedSocketTests {
    /// A socket on a free port of 127.0.0.1.
    private final class Socket {
        let descriptor: CInt
        let port: Int

        init(listening: Bool = true, type: __socket_type = SOCK_STREAM) {
            descriptor = socket(AF_INET, CInt(type.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let descriptor = descriptor
            withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    _ = bind(descriptor, $0, length)
                    getsockname(descriptor, $0, &length)
                }
            }
            if listening { listen(descriptor, 8) }
            port = Int(UInt16(bigEndian: address.sin_port))
        }

        deinit { close(descriptor) }
    }

    private func passed(
        _ socket: Socket,
        _ environment: [String: String] = ["LISTEN_FDS": "1", "LISTEN_PID": "7", "LISTEN_FDNAMES": "public"]
    ) throws(PassedSocketError) -> [PassedSocket] {
        try PassedSocket.all(environment: environment, processIdentifier: 7, firstDescriptor: socket.descriptor)
    }

    @Test("a listening socket comes with its name and its address")
    func listening() throws {
        let socket = Socket()
        let passed = try #require(try passed(socket).first)
        #expect(passed.descriptor == socket.descriptor)
        #expect(passed.name == "public")
        #expect(passed.address == "127.0.0.1:\(socket.port)")
        #expect(fcntl(socket.descriptor, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test("names may be missing")
    func nameless() throws {
        #expect(try passed(Socket(), ["LISTEN_FDS": "1", "LISTEN_PID": "7"]).map(\.name) == [""])
    }

    @Test(
        "nothing is taken that is meant for another process",
        arguments: [[:], ["LISTEN_FDS": "1"], ["LISTEN_FDS": "1", "LISTEN_PID": "8"], ["LISTEN_PID": "7"]]
    )
    func others(environment: [String: String]) throws {
        #expect(try passed(Socket(), environment).isEmpty)
    }

    @Test("what is no listening TCP socket is refused, with what to change")
    func wrong() {
        let (connected, datagram) = (Socket(listening: false), Socket(listening: false, type: SOCK_DGRAM))
        #expect(throws: PassedSocketError(.noListener(descriptor: connected.descriptor, name: "public"))) {
            try passed(connected)
        }
        #expect(throws: PassedSocketError(.noTCP(descriptor: datagram.descriptor, name: "public"))) {
            try passed(datagram)
        }
        #expect(throws: PassedSocketError(.count("many"))) {
            try passed(datagram, ["LISTEN_FDS": "many", "LISTEN_PID": "7"])
        }
        #expect(PassedSocketError(.noListener(descriptor: 3, name: "a")).description.contains("Accept=yes"))
    }
}
