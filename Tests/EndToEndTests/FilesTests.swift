import Foundation
import Testing

@Suite("A files route")
struct FilesTests {
    /// A folder to serve, with a secret beside it.
    private func folder() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write("secret.txt", "secret")
        try folder.write("site/index.html", "<h1>home</h1>")
        try folder.write("site/app.js", "let a = 1")
        try folder.write("site/sub/index.html", "<h1>sub</h1>")
        try folder.write("site/sub/a file.txt", "0123456789")
        try folder.write("site/.env", "hidden")
        try folder.write("site/.git/config", "hidden")
        try folder.write("site/sub/.hidden", "hidden")
        try folder.write("site/empty.txt", "")
        return folder
    }

    private func route(_ folder: TemporaryFolder, path: String = "/", _ options: String = "") -> String {
        #"{ "path": "\#(path)", "files": { "root": "\#(folder.url.appending(path: "site").path())", \#(options) } }"#
    }

    @Test("the index stands for a folder, and files have their media type")
    func index() async throws {
        let folder = try folder()
        try await withBridge(route(folder)) { bridge in
            let home = try await Curl(bridge.url("/"))
            #expect(home.status == 200)
            #expect(home.text == "<h1>home</h1>")
            #expect(home["Content-Type"]?.hasPrefix("text/html") == true)
            #expect(home["X-Content-Type-Options"] == "nosniff")
            #expect(try await Curl(bridge.url("/sub/")).text == "<h1>sub</h1>")
            let script = try await Curl(bridge.url("/app.js"))
            #expect(script.text == "let a = 1")
            #expect(script["Content-Type"]?.contains("javascript") == true)
            #expect(try await Curl(bridge.url("/sub/a%20file.txt?x=1")).text == "0123456789")
            let empty = try await Curl(bridge.url("/empty.txt"))
            #expect(empty.status == 200)
            #expect(empty.body.isEmpty)
        }
    }

    @Test("a folder without its slash is redirected to the one with it", arguments: ["/pages", "/pages/"])
    func redirect(path: String) async throws {
        let folder = try folder()
        try await withBridge(route(folder, path: path)) { bridge in
            let sub = try await Curl(bridge.url("/pages/sub"))
            #expect([301, 302, 307, 308].contains(sub.status))
            #expect(sub["Location"] == "/pages/sub/")
            let top = try await Curl(bridge.url("/pages"))
            #expect([301, 302, 307, 308].contains(top.status))
            #expect(top["Location"] == "/pages/")
            #expect(try await Curl(bridge.url("/pages/")).text == "<h1>home</h1>")
            #expect(try await Curl(bridge.url("/pages/app.js")).text == "let a = 1")
        }
    }

    @Test("index names another file")
    func otherIndex() async throws {
        let folder = try folder()
        try await withBridge(route(folder, path: "/", #""index": "app.js""#)) { bridge async throws in
            #expect(try await Curl(bridge.url("/")).text == "let a = 1")
        }
    }

    @Test("what is not there is 404 with problem details")
    func missing() async throws {
        let folder = try folder()
        try await withBridge(route(folder)) { bridge in
            for path in ["/none.txt", "/sub/none", "/none/", "/app.js/x"] {
                let answer = try await Curl(bridge.url(path))
                #expect(answer.status == 404, "\(path)")
                #expect(answer["Content-Type"] == "application/problem+json")
            }
        }
    }

    @Test(
        "nothing leads out of the folder, and nothing hidden comes out of it",
        arguments: [
            "/../secret.txt", "/sub/../../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/%2e%2e%2fsecret.txt",
            "/%252e%252e/secret.txt", "/%252e%252e%252fsecret.txt", "/..%5csecret.txt", "/..%c0%afsecret.txt",
            "/%c0%ae%c0%ae/secret.txt", "/....//secret.txt", "//secret.txt", "/sub/..;/secret.txt", "/.env", "/%2eenv",
            "/.git/config", "/app.js%00.txt", "/sub/%00", "/./app.js/../../secret.txt", "/%2fetc/passwd",
            "//etc/passwd", "/sub/.hidden", "/sub%2f.hidden", "/sub%2fa%20file.txt", "/sub%2f..%2f..%2fsecret.txt",
        ]
    )
    func traversal(path: String) async throws {
        let folder = try folder()
        try await withBridge(route(folder)) { bridge in
            let answer = try await Curl(bridge.url(path))
            #expect((400..<500).contains(answer.status), "\(answer.status)")
            #expect(!answer.text.contains("secret") || answer.text.contains("no such file"))
            #expect(!answer.text.contains("hidden"))
            #expect(!answer.text.contains("root:"))
        }
    }

    @Test("a link that leads out of the folder is not followed, one that stays inside is")
    func links() async throws {
        let folder = try folder()
        let site = folder.url.appending(path: "site")
        let links = [("out.txt", "../secret.txt"), ("up", ".."), ("in.txt", "sub/a file.txt")]
        for (name, target) in links {
            try FileManager.default.createSymbolicLink(
                atPath: site.appending(path: name).path(),
                withDestinationPath: target
            )
        }
        try await withBridge(route(folder)) { bridge async throws in
            #expect(try await Curl(bridge.url("/out.txt")).status == 404)
            #expect(try await Curl(bridge.url("/up/secret.txt")).status == 404)
            #expect(try await Curl(bridge.url("/in.txt")).text == "0123456789")
        }
    }

    @Test("HEAD has the headers of GET and no body")
    func head() async throws {
        let folder = try folder()
        try await withBridge(route(folder)) { bridge in
            let answer = try await Curl(bridge.url("/sub/a%20file.txt"), "-I")
            #expect(answer.status == 200)
            #expect(answer["Content-Length"] == "10")
            #expect(answer.body.isEmpty)
        }
    }

    @Test("validators are answered with 304")
    func validators() async throws {
        let folder = try folder()
        try await withBridge(route(folder)) { bridge in
            let url = bridge.url("/app.js")
            let first = try await Curl(url)
            let tag = try #require(first["ETag"])
            let second = try await Curl(url, "-H", "If-None-Match: \(tag)")
            #expect(second.status == 304)
            #expect(second.body.isEmpty)
            if let date = first["Last-Modified"] {
                #expect(try await Curl(url, "-H", "If-Modified-Since: \(date)").status == 304)
            }
            try folder.write("site/app.js", "let b = 22")
            #expect(try await Curl(url, "-H", "If-None-Match: \(tag)").status == 200)
        }
    }

    @Test("a range is a 206 with its part")
    func range() async throws {
        let folder = try folder()
        try await withBridge(route(folder)) { bridge in
            let url = bridge.url("/sub/a%20file.txt")
            for (range, part, contentRange) in [
                ("2-5", "2345", "bytes 2-5/10"), ("7-", "789", "bytes 7-9/10"), ("0-0", "0", "bytes 0-0/10"),
                ("5-100", "56789", "bytes 5-9/10"),
            ] {
                let answer = try await Curl(url, "-r", range)
                #expect(answer.status == 206, "\(range)")
                #expect(answer.text == part, "\(range)")
                #expect(answer["Content-Range"] == contentRange, "\(range)")
            }
        }
    }

    @Test("a range that counts from the end, and one behind the end")
    func unusualRanges() async throws {
        let folder = try folder()
        try await withBridge(route(folder)) { bridge in
            let url = bridge.url("/sub/a%20file.txt")
            let suffix = try await Curl(url, "-r", "-3")
            #expect(suffix.status == 206)
            #expect(suffix.text == "789")
            #expect(suffix["Content-Range"] == "bytes 7-9/10")
            let behind = try await Curl(url, "-r", "20-30")
            #expect(behind.status == 416)
            #expect(behind["Content-Range"] == "bytes */10")
        }
    }

    @Test("a range has no meaning for HEAD, nor for a file that If-Range does not name")
    func ignoredRanges() async throws {
        let folder = try folder()
        try await withBridge(route(folder)) { bridge in
            let url = bridge.url("/sub/a%20file.txt")
            let head = try await Curl(url, "--head", "-r", "2-5")
            #expect(head.status == 200)
            #expect(head["Content-Length"] == "10" && head["Content-Range"] == nil)
            for range in ["2-5", "20-30"] {
                let whole = try await Curl(url, "-r", range, "-H", #"If-Range: "another""#)
                #expect(whole.status == 200, "\(range)")
                #expect(whole.text == "0123456789", "\(range)")
            }
            let tag = try #require(head["ETag"])
            #expect(try await Curl(url, "-r", "2-5", "-H", "If-Range: \(tag)").text == "2345")
            #expect(try await Curl(url, "-r", "20-30", "-H", "If-Range: \(tag)").status == 416)
        }
    }

    @Test("a file that becomes shorter while it is sent ends the connection, which tells the client")
    func truncated() async throws {
        let folder = try folder()
        let file = try folder.write("site/large.bin", "")
        let size = 256 << 20
        // A hole: it takes no room.
        try #require(truncate(file.path(), size) == 0)
        try await withBridge(route(folder)) { bridge in
            let client = try await RawConnection.open(port: bridge.port, reads: false)
            try await client.send("GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n")
            try await eventually("the file to be open") { try bridge.openFiles.contains { $0.hasSuffix("large.bin") } }
            try #require(truncate(file.path(), 1 << 20) == 0)
            try await client.startReading()
            let answer = try Curl(answer: try await client.end())
            #expect(answer["Content-Length"] == "\(size)")
            #expect(answer.body.count < size)
        }
    }

    @Test("another method is 405")
    func methods() async throws {
        let folder = try folder()
        try await withBridge(route(folder)) { bridge in
            let answer = try await Curl(bridge.url("/app.js"), "-X", "PUT", "--data", "x")
            #expect(answer.status == 405)
            #expect(answer["Allow"] == "GET, HEAD")
        }
    }

    @Test("every other route wins over files")
    func otherRoutes() async throws {
        let folder = try folder()
        try folder.write("site/scores/a", "from the folder")
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        try await withBridge(route(folder) + "," + pollRoute(upstream)) { bridge async throws in
            #expect(try await Curl(bridge.url("/scores/a")).text == #"{"a":1}"#)
            #expect(try await Curl(bridge.url("/app.js")).text == "let a = 1")
        }
    }

    @Test("a large file arrives whole")
    func large() async throws {
        let folder = try folder()
        let bytes = Data((0..<(20 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 13 &+ $0 >> 8) })
        try folder.write("site/large.bin", bytes)
        try await withBridge(route(folder)) { bridge in
            let answer = try await Curl(bridge.url("/large.bin"), "--limit-rate", "40M")
            #expect(answer.body == bytes)
        }
    }
}
