import Testing

@testable import BridgeConfiguration

@Suite("Where operators may connect")
struct AdminAddressTests {
    private func errors(_ host: String) -> String {
        Golden.errors(#"{ "admin": { "host": "\#(host)" }, "routes": [{ "path": "/a", "channel": {} }] }"#)
    }

    @Test(
        "loopback and private addresses are taken",
        arguments: [
            "localhost", "127.0.0.1", "127.9.9.9", "10.1.2.3", "172.16.0.1", "172.31.255.1", "192.168.1.1",
            "169.254.0.1",
            "::1", "fd00::1", "fe80::1",
        ]
    )
    func inside(host: String) {
        #expect(errors(host).hasPrefix("accepted"))
    }

    @Test(
        "addresses that anybody may reach, and names that may mean them, are refused",
        arguments: [
            "0.0.0.0", "::", "8.8.8.8", "172.15.0.1", "172.32.0.1", "192.169.1.1", "2001:db8::1", "::ffff:8.8.8.8",
            "bridge.example", "fd.example",
        ]
    )
    func outside(host: String) {
        #expect(errors(host).contains("admin: listens on \(host), which anybody may reach"))
    }
}
