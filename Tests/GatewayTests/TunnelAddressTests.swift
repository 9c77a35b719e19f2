import NIOCore
import Testing

@testable import Gateway

@Suite("Where a tunnel leads")
struct TunnelAddressTests {
    private func allows(_ allowance: TunnelAllowance, _ address: String, port: Int, host: String = "h") throws -> Bool {
        allowance.allows(host: host, address: try SocketAddress(ipAddress: address, port: port).ipBytes, port: port)
    }

    @Test("a network allows its addresses and ports, and no others")
    func network() throws {
        func network(_ address: String, prefix: Int) throws -> TunnelAllowance.Place {
            .network(IPNetwork(try #require(IPAddress(address)), prefix: prefix))
        }
        let allowance = TunnelAllowance(try network("10.1.128.0", prefix: 17), ports: 5900...5999)
        #expect(try allows(allowance, "10.1.128.0", port: 5900))
        #expect(try allows(allowance, "10.1.255.255", port: 5999))
        #expect(try !allows(allowance, "10.1.127.255", port: 5900))
        #expect(try !allows(allowance, "10.1.128.0", port: 6000))
        #expect(try !allows(allowance, "10.1.128.0", port: 5899))
        #expect(try allows(allowance, "::ffff:10.1.128.1", port: 5900))
        #expect(try !allows(allowance, "::ffff:10.1.0.1", port: 5900))
        #expect(try !allows(allowance, "a01:8000::", port: 5900))
        let all = TunnelAllowance(try network("0.0.0.0", prefix: 0), ports: 1...65535)
        #expect(try allows(all, "192.0.2.1", port: 1))
        #expect(try !allows(all, "::1", port: 1))
        let host = TunnelAllowance(try network("127.0.0.1", prefix: 32), ports: 1...65535)
        #expect(try allows(host, "127.0.0.1", port: 1) && !allows(host, "127.0.0.2", port: 1))
    }

    @Test("a name allows itself, and a wildcard one label")
    func names() throws {
        let wildcard = TunnelAllowance(.name("*.example"), ports: 1...1)
        #expect(try allows(wildcard, "10.0.0.1", port: 1, host: "A.Example"))
        #expect(try !allows(wildcard, "10.0.0.1", port: 1, host: "a.b.example"))
        #expect(try !allows(wildcard, "10.0.0.1", port: 1, host: "example"))
        #expect(try !allows(TunnelAllowance(.name("a"), ports: 1...1), "10.0.0.1", port: 1, host: "b"))
    }

    @Test("each of a name's addresses has to be allowed, not one of them")
    func everyAddress() throws {
        let inside = IPNetwork(try #require(IPAddress("10.0.0.0")), prefix: 8)
        let connector = TunnelConnector(
            timeout: .seconds(1),
            tls: nil,
            allow: [TunnelAllowance(.network(inside), ports: 22...22)]
        )
        func check(_ addresses: String...) throws {
            try connector.check(try addresses.map { try SocketAddress(ipAddress: $0, port: 22) }, of: "h", port: 22)
        }
        try check("10.0.0.1")
        try check("10.0.0.1", "10.9.9.9")
        for addresses in [["10.0.0.1", "127.0.0.1"], ["127.0.0.1", "10.0.0.1"], ["10.0.0.1", "::1"]] {
            #expect(throws: TunnelFailure.NotAllowed.self) { try check(addresses[0], addresses[1]) }
        }
    }

    @Test("a parameter fills one label or the port, and can reach no further")
    func parameters() {
        let backend = TunnelBackend(.host("db-{name}.example", port: "{port}"))
        let destination = backend.destination(["name": "a_1", "port": "5432"])
        #expect(destination?.host == "db-a_1.example" && destination?.port == 5432)
        for (name, port) in [
            ("a.b", "1"), ("", "1"), ("a@b", "1"), ("é", "1"), ("a", "0"), ("a", "65536"), ("a", "-1"), ("a", "1x"),
            ("a-", "1"), (String(repeating: "a", count: 64), "1"), ("{port}", "1"), ("a/b", "1"), ("a\r\n", "1"),
            ("a", "٣"),
        ] {
            #expect(backend.destination(["name": name, "port": port]) == nil, "\(name):\(port)")
        }
        #expect(backend.destination(["name": "a"]) == nil)
    }

    @Test("backends take turns, and one that failed is last until it has rested")
    func rotation() {
        let backends = (1...3).map { TunnelBackend(.host("h\($0)", port: "1")) }
        let health = BackendHealth()
        let now = NIODeadline.uptimeNanoseconds(1)
        #expect(health.order(backends, now: now) == backends)
        #expect(health.order(backends, now: now).first == backends[1])
        health.failed(backends[2], now: now)
        #expect(health.order(backends, now: now) == [backends[0], backends[1], backends[2]])
        #expect(health.order(backends, now: now).last == backends[2])
        #expect(health.order(backends, now: now).last == backends[2])
        let later = now + BackendHealth.rest
        #expect(health.order(backends, now: later).first == backends[2])
    }

    @Test("the PROXY protocol's headers, to the byte")
    func proxyProtocol() throws {
        let client = try SocketAddress(ipAddress: "192.0.2.7", port: 40000)
        let server = try SocketAddress(ipAddress: "10.0.0.1", port: 443)
        let other = try SocketAddress(ipAddress: "2001:db8::1", port: 443)
        #expect(
            String(buffer: ProxyProtocol.version1.header(from: client, to: server))
                == "PROXY TCP4 192.0.2.7 10.0.0.1 40000 443\r\n"
        )
        #expect(
            String(buffer: ProxyProtocol.version1.header(from: client, to: other))
                == "PROXY TCP6 0:0:0:0:0:ffff:c000:207 2001:db8:0:0:0:0:0:1 40000 443\r\n"
        )
        #expect(String(buffer: ProxyProtocol.version1.header(from: nil, to: server)) == "PROXY UNKNOWN\r\n")
        let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
        #expect(
            Array(ProxyProtocol.version2.header(from: client, to: server).readableBytesView) == signature
                + [0x21, 0x11, 0, 12, 192, 0, 2, 7, 10, 0, 0, 1, 0x9C, 0x40, 0x01, 0xBB]
        )
        #expect(
            Array(ProxyProtocol.version2.header(from: nil, to: nil).readableBytesView) == signature + [0x20, 0, 0, 0]
        )
    }
}
