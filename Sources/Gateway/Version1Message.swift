import Foundation
import JSONDelta
import NIOCore
import Topics

/// A message of a `pushbridge.v1` client.
struct Version1Message {
    enum Body {
        case subscribe(topic: String, mode: String?, since: String?, maximumRate: Double?)
        case unsubscribe(topic: String)
        case send(topic: String, data: Data)
        case ping
    }

    /// The `data` of a `send`.
    struct Data {
        /// As it was written.
        let json: [UInt8]
        /// What it says where it is a string.
        let text: String?
    }

    /// Why a message cannot be understood.
    struct Mistake: Error {
        let reason: String
        let reference: [UInt8]?
    }

    let body: Body
    /// JSON text, given back in answers.
    let reference: [UInt8]?

    /// Topics have at most so many bytes: the bridge keeps them, and the poll of a document that nobody else asks for.
    private static let maximumTopic = 2048

    /// References longer than this, in bytes, are not given back.
    private static let maximumReference = 256

    private struct Fields: Decodable {
        let type: String
        let topic: String?
        let mode: String?
        let since: String?
        let maxRate: Double?
    }

    private static let dataPointer = try? JSONPointer("/data")
    private static let referencePointer = try? JSONPointer("/ref")

    init(_ bytes: [UInt8]) throws(Mistake) {
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: bytes)
        } catch {
            throw Mistake(reason: "the message is not JSON: \(error)", reference: nil)
        }
        let found = Self.referencePointer.flatMap { document.select($0)?.bytes }
        let reference = found.flatMap { $0.count <= Self.maximumReference ? $0 : nil }
        self.reference = reference
        let fields: Fields
        do {
            fields = try JSONDecoder().decode(Fields.self, from: Foundation.Data(bytes))
        } catch {
            throw Mistake(
                reason: "a message is an object with a type, and its topic, mode and since are strings",
                reference: reference
            )
        }
        func topic() throws(Mistake) -> String {
            guard let topic = fields.topic else {
                throw Mistake(reason: "\(fields.type) needs a topic", reference: reference)
            }
            guard topic.utf8.count <= Self.maximumTopic else {
                throw Mistake(reason: "a topic has at most \(Self.maximumTopic) bytes", reference: reference)
            }
            return topic
        }
        switch fields.type {
        case "subscribe":
            if let rate = fields.maxRate, !(0.001...1000).contains(rate) {
                throw Mistake(reason: "maxRate is from 0.001 to 1000 messages a second", reference: reference)
            }
            body = .subscribe(
                topic: try topic(),
                mode: fields.mode,
                since: fields.since,
                maximumRate: fields.maxRate
            )
        case "unsubscribe":
            body = .unsubscribe(topic: try topic())
        case "send":
            guard let data = Self.dataPointer.flatMap({ document.select($0) }) else {
                throw Mistake(reason: "send needs data", reference: reference)
            }
            let text = try? JSONDecoder().decode(String.self, from: Foundation.Data(data.bytes))
            body = .send(topic: try topic(), data: Data(json: data.bytes, text: text))
        case "ping":
            body = .ping
        default:
            throw Mistake(
                reason: "there is no type \(fields.type): it is one of subscribe, unsubscribe, send, ping",
                reference: reference
            )
        }
    }
}
