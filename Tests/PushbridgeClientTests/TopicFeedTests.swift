import Foundation
import Testing

@testable import PushbridgeClient

@Suite("A topic as the client knows it")
struct TopicFeedTests {
    private let feed = TopicFeed(topic: "/a", options: BridgeSubscriptionOptions())

    private func take(_ text: String) throws -> Bool {
        feed.take(try #require(BridgeMessage(text)))
    }

    @Test("patches and merge patches are applied to the version that they are from")
    func patches() throws {
        #expect(try take(#"{"type":"snapshot","topic":"/a","id":"1","at":0,"data":{"a":1.10,"b":[1]}}"#))
        #expect(feed.document?.content == .json(Data(#"{"a":1.10,"b":[1]}"#.utf8)))
        #expect(
            try take(
                #"{"type":"patch","topic":"/a","from":"1","id":"2","at":0,"patch":[{"op":"add","path":"/b/-","value":2}]}"#
            )
        )
        #expect(feed.document?.content == .json(Data(#"{"a":1.10,"b":[1,2]}"#.utf8)))
        #expect(try take(#"{"type":"merge","topic":"/a","from":"2","id":"3","at":0,"merge":{"b":null}}"#))
        #expect(feed.document == BridgeDocument(version: "3", content: .json(Data(#"{"a":1.10}"#.utf8))))
    }

    @Test("a patch that does not fit changes nothing, and says so")
    func unfit() throws {
        #expect(try take(#"{"type":"snapshot","topic":"/a","id":"1","at":0,"data":{"a":1}}"#))
        #expect(try !take(#"{"type":"patch","topic":"/a","from":"0","id":"2","at":0,"patch":[]}"#))
        #expect(
            try !take(
                #"{"type":"patch","topic":"/a","from":"1","id":"2","at":0,"patch":[{"op":"remove","path":"/z"}]}"#
            )
        )
        #expect(feed.version == "1" && feed.document?.version == "1")
    }

    @Test("text and bytes are kept as what they are")
    func otherContent() throws {
        #expect(try take(#"{"type":"snapshot","topic":"/a","id":"1","at":0,"text":"<a/>"}"#))
        #expect(feed.document?.content == .text("<a/>"))
        #expect(try take(#"{"type":"snapshot","topic":"/a","id":"2","at":0,"base64":"AAE="}"#))
        #expect(feed.document?.content == .binary(Data([0, 1])))
    }

    @Test("what a newer bridge may say, and what is no message, is passed over")
    func unknown() {
        #expect(BridgeMessage(#"{"type":"news","topic":"/a"}"#) == nil)
        #expect(BridgeMessage("[]") == nil)
        #expect(BridgeMessage(#"{"type":"patch","topic":"/a"}"#) == nil)
    }
}
