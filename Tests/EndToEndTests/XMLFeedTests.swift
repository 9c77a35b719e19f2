import Foundation
import Testing

@Suite("XML feeds are pushed as JSON")
struct XMLFeedTests {
    private func answer(_ text: String, type: String = "application/xml") -> LegacyUpstream.Answer {
        .text(text, type: type)
    }

    private func rss(_ items: [Int]) -> String {
        let items = items.map {
            "<item><title>News \($0) caf\u{E9}</title><guid isPermaLink=\"false\">id-\($0)</guid></item>"
        }
        return "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>T</title>\(items.joined())</channel></rss>"
    }

    @Test("a score feed arrives as JSON over every transport, and a goal is a small patch")
    func scores() async throws {
        func feed(_ goals: Int) -> String {
            let matches = (1...20).map { "<match id=\"\($0)\"><home goals=\"\($0 == 7 ? goals : 0)\">A</home></match>" }
            return "<scores>\n\(matches.joined(separator: "\n"))\n</scores>"
        }
        let upstream = try await LegacyUpstream(answer(feed(0)))
        try await withBridge(pollRoute(upstream, #""keys": {"/scores/match": "@id"}"#)) { bridge in
            let client = try await bridge.version1("/scores/a")
            let first = try await client.json()
            #expect(first["data"]?["scores"]?["match"]?[6] == ["@id": "7", "home": ["@goals": "0", "#text": "A"]])
            let got = try await Curl(bridge.url("/scores/a"))
            #expect(got["Content-Type"] == "application/json")
            #expect(got["ETag"] == "\"\(first["id"]?.text ?? "")\"")
            let bare = try await bridge.webSocket("/scores/a")
            #expect(try await bare.text() == got.text)
            upstream.answer(answer(feed(1)))
            let patch = try await client.json()
            #expect(patch["patch"] == [["op": "replace", "path": "/scores/match/6/home/@goals", "value": "1"]])
        }
    }

    @Test("each new item of an RSS feed is one event, its guid the key, whatever character set it comes in")
    func rssEvents() async throws {
        func latin(_ text: String) -> LegacyUpstream.Answer {
            var answer = answer("", type: "application/rss+xml; charset=ISO-8859-1")
            answer.body = text.unicodeScalars.map { UInt8($0.value) }
            return answer
        }
        let upstream = try await LegacyUpstream(latin(rss([1])))
        let keys = #""keys": {"/rss/channel/item": "guid"}"#
        try await withBridge(pollRoute(upstream, keys)) { bridge in
            let client = try await bridge.version1("/scores/a?mode=events")
            let first = try await client.json()
            #expect(first["data"]?["rss"]?["channel"]?["item"]?[0]?["title"] == "News 1 café")
            upstream.answer(latin(rss([2, 1])))
            let event = try await client.json()
            #expect(event["type"] == "event")
            #expect(event["change"] == "added")
            #expect(event["collection"] == "/rss/channel/item")
            #expect(event["key"] == "id-2")
            #expect(event["value"]?["title"] == "News 2 café")
            upstream.answer(latin(rss([])))
            let removed = [try await client.json(), try await client.json()]
            #expect(removed.allSatisfy { $0["change"] == "removed" })
        }
    }

    @Test(
        "an error page behind a 200 is trouble, and the last good document stays",
        arguments: ["xml", "json"]
    )
    func errorPage(format: String) async throws {
        let good = format == "xml" ? answer("<a>1</a>") : .json(#"{"a":"1"}"#)
        let upstream = try await LegacyUpstream(good)
        try await withBridge(pollRoute(upstream, #""format": "\#(format)""#)) { bridge in
            let client = try await bridge.version1("/scores/a")
            #expect(try await client.json()["data"] == ["a": "1"])
            upstream.answer(answer("<!DOCTYPE html><html><body><p>Down for tea<br></body></html>", type: "text/html"))
            let status = try await client.json()
            #expect(status["type"] == "status")
            #expect(status["state"] == "stale")
            #expect(status["code"] == "invalid")
            let kept = try await Curl(bridge.url("/scores/a"))
            #expect(kept.text == #"{"a":"1"}"#)
            #expect(kept["X-Pushbridge-State"] == "stale")
            upstream.answer(good)
            #expect(try await client.json()["state"] == "live")
        }
    }

    @Test(
        "a first answer that is an entity bomb or no XML is 502",
        arguments: ["<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<a>"]
    )
    func refused(text: String) async throws {
        let upstream = try await LegacyUpstream(answer(text))
        try await withBridge(pollRoute(upstream)) { bridge async throws in
            #expect(try await Curl(bridge.url("/scores/a")).status == 502)
        }
    }
}
