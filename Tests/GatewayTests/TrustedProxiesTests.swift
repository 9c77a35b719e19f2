import NIOHTTP1
import Testing

@testable import Gateway

@Suite("Whose word about a client's address is believed") struct TrustedProxiesTests {
    private let proxies: TrustedProxies

    init() throws {
        proxies = TrustedProxies(
            try [("10.0.0.0", 8), ("127.0.0.1", 32), ("fd00::", 8)].map { address, prefix in
                IPNetwork(try #require(IPAddress(address)), prefix: prefix)
            }
        )
    }

    /// The client of a request that came from `peer`.
    private func client(_ headers: HTTPHeaders, from peer: String = "10.1.2.3") -> String? {
        let peer = ClientAddress(ip: IPAddress(peer), port: 1)
        return proxies.client(of: headers, from: peer).text
    }

    @Test(
        "the last address that is not a trusted proxy's is the client",
        arguments: [
            ("192.0.2.1", "192.0.2.1"), ("192.0.2.9, 192.0.2.1", "192.0.2.1"), ("192.0.2.1, 10.9.9.9", "192.0.2.1"),
            ("192.0.2.9,192.0.2.1 ,10.9.9.9, fd00::7", "192.0.2.1"), ("10.5.5.5", "10.5.5.5"),
            ("10.5.5.5, 10.6.6.6", "10.5.5.5"), ("2001:db8::1", "2001:db8::1"), ("[2001:DB8:0::1]:80", "2001:db8::1"),
            ("192.0.2.1:1234", "192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"),
            // What is no address ends the chain: nobody vouches for what stands before it.
            ("unknown", "10.1.2.3"), ("192.0.2.1, unknown", "10.1.2.3"), ("192.0.2.1, unknown, 10.7.7.7", "10.7.7.7"),
            ("", "10.1.2.3"), ("192.0.2.1,", "10.1.2.3"), ("300.0.0.1", "10.1.2.3"), ("[::1", "10.1.2.3"),
            ("[2001:db8::1]x", "10.1.2.3"), ("fe80::1%eth0", "10.1.2.3"),
        ]
    )
    func xForwardedFor(field: String, expected: String) throws {
        #expect(client(["X-Forwarded-For": field]) == expected)
    }

    @Test(
        "the same in the words of RFC 7239",
        arguments: [
            ("for=192.0.2.1", "192.0.2.1"), ("For=\"[2001:db8::1]:4711\"", "2001:db8::1"),
            ("for=192.0.2.9, for=192.0.2.1;proto=https;by=10.1.2.3", "192.0.2.1"),
            ("proto=http ; for=\"192.0.2.1:80\", for=10.2.2.2", "192.0.2.1"), ("for=_hidden", "10.1.2.3"),
            ("for=unknown", "10.1.2.3"), ("proto=http", "10.1.2.3"), ("for=\"192.0.2.9, for=192.0.2.1", "192.0.2.1"),
        ]
    )
    func forwarded(field: String, expected: String) throws {
        #expect(client(["Forwarded": field]) == expected)
    }

    @Test("several fields are one list, in their order")
    func repeated() throws {
        let headers: HTTPHeaders = ["X-Forwarded-For": "192.0.2.1", "x-forwarded-for": "192.0.2.2"]
        #expect(client(headers) == "192.0.2.2")
    }

    @Test("two headers that differ are not believed, as one of them may be the client's own")
    func contradiction() throws {
        #expect(client(["X-Forwarded-For": "192.0.2.1", "Forwarded": "for=192.0.2.1"]) == "192.0.2.1")
        #expect(client(["X-Forwarded-For": "192.0.2.1", "Forwarded": "for=192.0.2.2"]) == "10.1.2.3")
    }

    @Test("a port that one of the headers tells is no contradiction; two different ones count for nothing")
    func ports() throws {
        let peer = ClientAddress(ip: IPAddress("10.1.2.3"), port: 1)
        for (first, second, port) in [
            ("192.0.2.1", #"for="192.0.2.1:4711""#, 4711), ("192.0.2.1:4711", "for=192.0.2.1", 4711),
            ("192.0.2.1:4711", #"for="192.0.2.1:4711""#, 4711), ("192.0.2.1:80", #"for="192.0.2.1:4711""#, 0),
        ] {
            let client = proxies.client(of: ["X-Forwarded-For": first, "Forwarded": second], from: peer)
            #expect(client == ClientAddress(ip: IPAddress("192.0.2.1"), port: port))
        }
    }

    @Test("anybody else's word counts for nothing")
    func strangers() throws {
        #expect(client(["X-Forwarded-For": "192.0.2.1"], from: "192.0.2.7") == "192.0.2.7")
        #expect(client(["X-Forwarded-For": "192.0.2.1"], from: "::ffff:127.0.0.1") == "192.0.2.1")
        let nobody = TrustedProxies()
        let peer = ClientAddress(ip: IPAddress("127.0.0.1"), port: 1)
        #expect(nobody.client(of: ["X-Forwarded-For": "192.0.2.1"], from: peer) == peer)
    }

    @Test("a network holds the addresses that begin as it does, of its own family")
    func networks() throws {
        func contains(_ network: String, _ prefix: Int, _ address: String) throws -> Bool {
            IPNetwork(try #require(IPAddress(network)), prefix: prefix).contains(try #require(IPAddress(address)))
        }
        #expect(try contains("2001:db8::", 32, "2001:db8:ffff::1") && !contains("2001:db8::", 32, "2001:db9::"))
        #expect(try contains("2001:db8::", 65, "2001:db8::7fff:0:0:1"))
        #expect(try !contains("2001:db8::", 65, "2001:db8::8000:0:0:1"))
        #expect(try contains("::1", 128, "::1") && !contains("::1", 128, "::2"))
        #expect(try contains("::", 0, "2001:db8::1") && !contains("::", 0, "192.0.2.1"))
        #expect(try contains("0.0.0.0", 0, "192.0.2.1") && !contains("0.0.0.0", 0, "::1"))
        #expect(try contains("192.0.2.7", 31, "192.0.2.6") && !contains("192.0.2.7", 31, "192.0.2.5"))
    }

    @Test("addresses are written as RFC 5952 has it, and mapped ones as IPv4")
    func text() {
        #expect(IPAddress("2001:DB8:0:0::0:1")?.description == "2001:db8::1")
        #expect(IPAddress("::ffff:192.0.2.1")?.description == "192.0.2.1")
        #expect(IPAddress("192.0.2.1")?.bytes == [192, 0, 2, 1])
        for text in ["", "a", "1.2.3", "1.2.3.4.5", "1.2.3.4/8", "::1%lo", "[::1]"] { #expect(IPAddress(text) == nil) }
    }
}
