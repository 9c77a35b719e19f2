import Testing

@testable import BridgeConfiguration

@Suite("Paths of routes")
struct PathTemplateTests {
    private func segments(_ path: String) throws -> [PathTemplate.Segment] {
        try PathTemplate(parsing: path).segments
    }

    @Test("literals are percent-decoded, and an encoded slash stays inside its segment")
    func literals() throws {
        #expect(try segments("/") == [])
        #expect(try segments("/a%20b/%62") == [.literal("a b"), .literal("b")])
        #expect(try segments("/%C3%BCber") == [.literal("über")])
        #expect(try segments("/a%2Fb") == [.literal("a/b")])
        #expect(try segments("/a/") == [.literal("a"), .literal("")])
    }

    @Test("a parameter is one whole segment")
    func parameters() throws {
        #expect(try segments("/{a}/x/{b}") == [.parameter("a"), .literal("x"), .parameter("b")])
        #expect(try PathTemplate(parsing: "/{a}/x/{b}").parameters == ["a", "b"])
    }

    @Test("a folder is the same with and without its trailing slash")
    func folders() throws {
        #expect(try PathTemplate(parsing: "/pages/").folderSegments == [.literal("pages")])
        #expect(try PathTemplate(parsing: "/pages").folderSegments == [.literal("pages")])
        #expect(try PathTemplate(parsing: "/").folderSegments == [])
    }

    @Test(
        "paths with broken encoding, NUL or no leading slash have no segments",
        arguments: [
            "", "a", "/%", "/%4", "/%GG", "/%00", "/%FF", "*",
        ]
    )
    func broken(path: String) {
        #expect(PathTemplate.segments(of: path) == nil)
    }
}
