import Foundation
import PushbridgeClient
import Testing

/// The program of docs/client.md, as it stands there: between the two marks, without the indentation.
private enum DocumentedProgram {
    // begin
    struct Scoreboard: Decodable {
        struct Match: Decodable { let id: Int, minute: Int }
        let matches: [Match]
    }

    static func follow(_ url: String) async throws {
        let bridge = BridgeClient(url)  // a multiplex route, such as ws://127.0.0.1:8080/connect
        let room = try await bridge.subscribe("/rooms/lobby")
        try await room.send("hello")
        let scores = try await bridge.subscribe("/scores/premier")
        for await update in scores {
            switch update {
            case .document(let document, _):  // the whole document, whatever came over the wire
                let scoreboard = try document.decode(Scoreboard.self)
                print(document.version, scoreboard.matches.count)
            case .status(.stale(let code, let reason)):
                print("the endpoint fails:", code, reason)
            case .status, .event, .message:
                break
            }
        }
    }
    // end
}

@Suite("The Swift program of docs/client.md")
struct ClientDocumentationTests {
    @Test("it stands there as it is compiled here")
    func same() throws {
        let source = try String(contentsOf: URL(filePath: #filePath), encoding: .utf8)
        let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
        let begin = try #require(lines.firstIndex(of: "    // begin")),
            end = try #require(lines.firstIndex(of: "    // end"))
        let program = lines[(begin + 1)..<end].map { $0.dropFirst($0.hasPrefix("    ") ? 4 : 0) }.joined(
            separator: "\n"
        )
        .replacing("static func", with: "func")
        let page = try String(contentsOf: Places.package.appending(path: "docs/client.md"), encoding: .utf8)
        #expect(page.contains("```swift\nimport PushbridgeClient\n\n\(program)\n```"))
    }

    @Test("it runs against the demo")
    func runs() async throws {
        try await within(Turnstile.bridges) {
            let demo = try await BridgeUnderTest.start([
                "demo", "--port", "0", "--legacy-port", "0", "--echo-port", "0", "--chat-port", "0",
            ])
            let client = BridgeClient(demo.webSocketURL("/connect"))
            let lobby = try await client.subscribe("/rooms/lobby")
            // What it sends is only answered once it is in the room.
            try await lobby.send("first")
            let hello = Task { () -> BridgeContent? in
                for await update in lobby {
                    if case .message(let content) = update { return content }
                }
                return nil
            }
            let following = Task { try await DocumentedProgram.follow(demo.webSocketURL("/connect")) }
            #expect(await hello.value == .json(Data(#""hello""#.utf8)))
            following.cancel()
            // Where it waited for an answer, it is told that none came.
            _ = try? await following.value
            await client.close()
            try await demo.stop()
        }
    }
}
