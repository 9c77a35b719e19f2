import Testing

@testable import Gateway

@Suite("Names by which the admin listener may be asked")
struct InsideNamesTests {
    private let names = InsideNames(own: "Admin.Example")

    @Test(
        "addresses, names of the own network and the configured one",
        arguments: [
            "127.0.0.1", "127.0.0.1:9090", "10.0.0.7:9090", "203.0.113.9", "[::1]:9090", "[fd00::1]", "localhost",
            "localhost:9090", "LOCALHOST:9090", "localhost.:9090", "app.localhost:9090", "bridge", "bridge:9090",
            "bridge.local:9090", "bridge.svc.cluster.local", "bridge.internal", "bridge.lan:9090", "nas.home.arpa",
            "admin.example", "admin.example:9090", "ADMIN.example.",
        ]
    )
    func inside(host: String) {
        #expect(names.contains(host: host))
    }

    @Test(
        "no other one, which anybody may have pointed here",
        arguments: [
            "evil.example", "evil.example:9090", "evil.example.", "EVIL.example:9090", "localhost.evil.example",
            "127.0.0.1.evil.example:9090", "127.0.0.1.nip.io", "evil-localhost.example", "x.notlocal.example",
            "evillocal.example", "home.arpa.example", "sub.admin.example", "notadmin.example", "0x7f.1", "127.1",
            "evil.mylan", "evil.notlocalhost", "a.b.c.d",
        ]
    )
    func outside(host: String) {
        #expect(!names.contains(host: host))
    }

    @Test("a request without a host, which no browser sends")
    func none() {
        #expect(names.contains(host: nil))
    }
}
