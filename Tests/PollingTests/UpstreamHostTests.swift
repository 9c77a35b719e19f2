import Testing

@testable import Polling

@Suite("Redirects stay with their host")
struct UpstreamHostTests {
    private let origin = "http://api.example:8080/a/b?c=d"

    @Test(
        "a Location on the same host is resolved",
        arguments: [
            ("/x", "http://api.example:8080/x"),
            ("y?z=1", "http://api.example:8080/a/y?z=1"),
            ("../up", "http://api.example:8080/up"),
            ("?q=2", "http://api.example:8080/a/b?q=2"),
            ("http://API.example:8080/x#fragment", "http://API.example:8080/x"),
            ("//api.example:8080/x", "http://api.example:8080/x"),
        ]
    )
    func resolved(location: String, target: String) throws {
        let resolved = try UpstreamHost.redirect(from: origin, to: location)
        #expect(resolved.lowercased() == target.lowercased())
    }

    @Test(
        "user and password of the URL stay with it, unless the Location names others",
        arguments: [
            ("/x", "http://us%40er:p@api.example:8080/x"),
            ("http://api.example:8080/x", "http://us%40er:p@api.example:8080/x"),
            ("http://other:q@api.example:8080/x", "http://other:q@api.example:8080/x"),
        ]
    )
    func credentials(location: String, target: String) throws {
        let resolved = try UpstreamHost.redirect(from: "http://us%40er:p@api.example:8080/a", to: location)
        #expect(resolved == target)
    }

    @Test("a port that the scheme implies is the same port")
    func impliedPort() throws {
        #expect(try UpstreamHost.redirect(from: "https://a.example/", to: "https://a.example:443/x").hasSuffix("/x"))
    }

    @Test(
        "a Location that leaves scheme, host or port is refused",
        arguments: [
            "http://other.example:8080/", "https://api.example:8080/", "http://api.example/",
            "http://api.example:8081/",
            "//other.example/", "http://api.example.evil:8080/", "http://api.example:8080@evil.example/",
            "file:///etc/passwd", "gopher://api.example:8080/", "javascript:alert(1)", "http://", "http://[::1",
        ]
    )
    func refused(location: String) {
        #expect(throws: FetchFailure.self) { try UpstreamHost.redirect(from: origin, to: location) }
    }

    @Test("only http and https URLs have a host")
    func schemes() {
        #expect(UpstreamHost(url: "http://a.example/") != nil)
        #expect(UpstreamHost(url: "HTTPS://A.example/")?.host == "a.example")
        for url in [
            "", "a.example", "ftp://a.example/", "file:///etc/passwd", "http://a b/", "http://a\r\nb/",
        ] {
            #expect(UpstreamHost(url: url) == nil, "\(url)")
        }
    }
}

@Suite("Requests that cannot be sent")
struct RequestRulesTests {
    @Test("line breaks and names that are no tokens are refused")
    func headers() throws {
        let url = "http://a.example/"
        #expect(try FetchRequest(url: url, headers: [("X-Good", "va lue")]).checkedHost().host == "a.example")
        func expectRefusal(of request: FetchRequest) {
            #expect { try request.checkedHost() } throws: { ($0 as? FetchFailure)?.code == .invalid }
        }
        for (name, value) in [
            ("X", "a\r\nEvil: 1"), ("X", "a\nb"), ("X", "a\0b"), ("", "x"), ("X Y", "x"), ("X:", "x"), ("X\r\nY", "x"),
            ("Ä", "x"),
        ] {
            expectRefusal(of: FetchRequest(url: url, headers: [(name, value)]))
        }
        expectRefusal(of: FetchRequest(url: url, method: "GET / HTTP/1.1\r\nX:"))
        expectRefusal(of: FetchRequest(url: url, method: ""))
        expectRefusal(of: FetchRequest(url: "ftp://a.example/"))
        expectRefusal(of: FetchRequest(url: "http://a.example/x\r\nHost: evil"))
    }
}
