import JSONDelta
import Testing

@testable import Topics

@Suite("A topic's older versions") struct HistoryTests {
    private func json(_ text: String) throws -> Document {
        Document(content: .json(try JSONDocument(parsing: Array(text.utf8))), contentType: "application/json")
    }

    private func text(_ text: String) -> Document {
        Document(content: .text(Array(text.utf8)), contentType: "text/plain")
    }

    @Test("a version comes back as it was, with its index")
    func returning() throws {
        var history = History()
        let document = try json(#"{"a":[1,{"b":2}]}"#)
        history.remember(document, limit: 1000)
        history.remember(text("other"), limit: 1000)
        let known = try #require(history[document.id]?.document())
        #expect(known.id == document.id)
        #expect(known.bytes == document.bytes)
        #expect(known.contentType == "application/json")
        guard case .json(let index) = known.content else {
            Issue.record("the document is no JSON any more")
            return
        }
        #expect(index.select(try JSONPointer("/a/1/b"))?.bytes == Array("2".utf8))
        #expect(history[text("other").id]?.document()?.contentType == "text/plain")
        #expect(history[text("never").id] == nil)
        #expect(!history.contains(text("never").id))
    }

    @Test("the oldest versions leave when the bytes are used up, and a limit of zero keeps none")
    func bound() throws {
        var history = History()
        let versions = (0..<10).map { text("version \($0)") }
        let limit = 30 + 3 * History.overhead
        for version in versions { history.remember(version, limit: limit) }
        #expect(versions.map { history.contains($0.id) } == Array(repeating: false, count: 7) + [true, true, true])
        #expect(history.byteCount == 27 + 3 * History.overhead)
        history.remember(text("too long for it, which leaves nothing"), limit: 30 + History.overhead)
        #expect(history.count == 0)
        #expect(history.byteCount == 0)
        history.remember(versions[0], limit: 0)
        #expect(history.count == 0)
    }

    @Test("what a version takes besides its content counts, so that small ones do not pile up")
    func smallVersions() throws {
        var history = History()
        for number in 0..<10_000 { history.remember(text("\(number)"), limit: 64 * 1024) }
        #expect(history.count < 300)
        #expect(history.count > 200)
    }

    @Test("content that came again counts once, and is as new as its last time")
    func again() throws {
        var history = History()
        let (a, b, c) = (text("aaaaaaaaaa"), text("bbbbbbbbbb"), text("cccccccccc"))
        let limit = 25 + 2 * History.overhead
        for version in [a, b, a, a] { history.remember(version, limit: limit) }
        #expect(history.byteCount == 20 + 2 * History.overhead)
        history.remember(c, limit: limit)
        #expect(!history.contains(b.id))
        #expect(history.contains(a.id))
        #expect(history.contains(c.id))
        #expect(history.byteCount == 20 + 2 * History.overhead)
    }

    @Test("two contents in turn, for ever, keep no list that grows")
    func turns() throws {
        var history = History()
        let (a, b) = (text("aaaaaaaaaa"), text("bbbbbbbbbb"))
        for _ in 0..<10_000 {
            history.remember(a, limit: 1000)
            history.remember(b, limit: 1000)
        }
        #expect(history.byteCount == 20 + 2 * History.overhead)
        #expect(history.turnsKept < 100)
    }
}
