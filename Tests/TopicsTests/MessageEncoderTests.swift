import JSONDelta
import NIOCore
import Testing
import WebSocket

@testable import Topics

@Suite("Messages on the wire") struct MessageEncoderTests {
    let json = try! JSONDocument(parsing: Array(#"{"a":"\u00e9","n":1.10}"#.utf8))

    private func sent(_ delivery: Delivery) -> [String] {
        let sink = CollectingSink()
        sink.deliver(delivery)
        return sink.texts
    }

    private func encoder(_ mode: DeliveryMode, _ envelope: DeliveryFormat.Envelope) -> MessageEncoder {
        MessageEncoder(topicName: "/scores/a\"b", format: DeliveryFormat(mode: mode, envelope: envelope))
    }

    @Test("a snapshot carries JSON to the letter, text as a string and bytes as base64")
    func snapshots() {
        let documents: [(Document.Content, String)] = [
            (.json(json), #""data":{"a":"\u00e9","n":1.10}"#),
            (.text(Array("é\n\"q\"\u{1}".utf8)), #""text":"é\n\"q\"\u0001""#),
            (.binary([0, 255]), #""base64":"AP8=""#),
        ]
        for (content, member) in documents {
            let document = Document(content: content, contentType: "x/y")
            let texts = sent(encoder(.patch, .version1).snapshot(document, at: 5, isReplacing: false))
            #expect(
                texts == [#"{"type":"snapshot","topic":"/scores/a\"b","id":"\#(document.id)","at":5,\#(member)}"#]
            )
        }
    }

    @Test("a bare subscriber in patch mode is told in a patch that everything is new, in merge mode in merge patches")
    func bareReplacement() {
        let document = Document(content: .json(json), contentType: "application/json")
        #expect(
            sent(encoder(.patch, .bare).snapshot(document, at: 5, isReplacing: true))
                == [#"[{"op":"replace","path":"","value":{"a":"\u00e9","n":1.10}}]"#]
        )
        #expect(
            sent(encoder(.merge, .bare).snapshot(document, at: 5, isReplacing: true))
                == ["null", #"{"a":"\u00e9","n":1.10}"#]
        )
        #expect(
            sent(encoder(.patch, .bare).snapshot(document, at: 5, isReplacing: false)) == [#"{"a":"\u00e9","n":1.10}"#]
        )
    }

    @Test("server-sent events have an id always and a name except in the default mode")
    func events() {
        let document = Document(content: .text(Array("one\r\ntwo\rthree\nfour".utf8)), contentType: "text/plain")
        #expect(
            sent(encoder(.snapshot, .serverSentEvents).snapshot(document, at: 5, isReplacing: false))
                == ["id: \(document.id)\ndata: one\ndata: two\ndata: three\ndata: four\n\n"]
        )
        #expect(
            sent(encoder(.patch, .serverSentEvents).patch(Array("[]".utf8), from: document.id, to: document.id, at: 5))
                == ["event: patch\nid: \(document.id)\ndata: []\n\n"]
        )
    }

    @Test("changes of items are one message each")
    func itemChanges() throws {
        let options = DiffOptions(keys: [(pattern: try JSONPointerPattern("/m"), member: "id")])
        let old = try JSONDocument(parsing: Array(#"{"m":[{"id":1,"g":0},{"id":2,"g":0}]}"#.utf8))
        let new = try JSONDocument(parsing: Array(#"{"m":[{"id":1,"g":1},{"id":3,"g":0}]}"#.utf8))
        let changes = ItemChange.diff(from: old, to: new, options: options)
        let texts = sent(
            encoder(.events, .bare).events(changes, from: VersionID(of: [1]), to: VersionID(of: [2]), at: 5)
        )
        #expect(
            Set(texts) == [
                #"{"change":"changed","collection":"/m","key":1,"value":{"id":1,"g":1},"was":{"id":1,"g":0}}"#,
                #"{"change":"removed","collection":"/m","key":2,"was":{"id":2,"g":0}}"#,
                #"{"change":"added","collection":"/m","key":3,"value":{"id":3,"g":0}}"#,
            ]
        )
    }

    @Test("the same message is compressed once and is one frame with the first reserved bit")
    func compressed() throws {
        let document = Document(
            content: .text(Array(String(repeating: "score ", count: 200).utf8)),
            contentType: "text/plain"
        )
        let format = DeliveryFormat(mode: .snapshot, envelope: .bare, compression: .shared(windowBits: 15))
        let delivery = MessageEncoder(topicName: "/t", format: format).snapshot(document, at: 5, isReplacing: false)
        guard case .wire(let frame) = delivery.body else {
            Issue.record("not encoded")
            return
        }
        #expect(frame.getInteger(at: 0, as: UInt8.self) == 0xC1)
        #expect(frame.readableBytes < 100)
        let own = MessageEncoder(
            topicName: "/t",
            format: DeliveryFormat(mode: .snapshot, envelope: .bare, compression: .perConnection)
        ).snapshot(document, at: 5, isReplacing: false)
        guard case .messages(let messages) = own.body else {
            Issue.record("framed")
            return
        }
        #expect(messages.map(\.payload.readableBytes) == [1200])
    }
}
