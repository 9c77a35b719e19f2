import JSONDelta
import NIOCore
import Synchronization

/// The newest version of a topic together with everything that is sent to bring subscribers to it.
///
/// Each encoding (format × the version to start from) is made once, off the event loops, and then shared by all of
/// them. The encodings live as long as the revision is the newest one.
package final class Revision: Sendable {
    /// What the upstream says now.
    package let document: Document
    /// Counts the revisions of one topic, from 1.
    package let sequence: Int
    /// When the document had been received, in milliseconds of Unix time.
    package let atMilliseconds: Int64
    /// The same moment on the monotonic clock; deliveries are measured against it.
    package let receivedAt: ContinuousClock.Instant
    /// The version that this one followed; nil for a topic's first.
    package let previousID: VersionID?

    private let topicName: String
    private let diffOptions: DiffOptions
    private let ignored: [JSONPointerPattern]
    private let cache = Mutex<[Step: Delivery]>([:])
    // Held by workers while they compute, so that a step that many ask for is made once; event loops only ever take
    // `cache`, which is held for a look-up.
    private let patches = Mutex<[VersionID: JSONPatch]>([:])
    private let body = Mutex(Body())
    // Held by workers while they copy.
    private let copying = Mutex(())

    private struct Body {
        var bytes: ByteBuffer?
        var isWanted = false
    }

    /// Where a receiver stands.
    enum Origin {
        /// It holds nothing.
        case nothing
        /// It holds a version that is known.
        case version(Document)
        /// It holds a version that has left the history.
        case forgotten
    }

    private struct Step: Hashable {
        var from: VersionID?
        /// `from` is none although the receiver holds a version: all such receivers get the same.
        var isReplacing = false
        var format: DeliveryFormat
    }

    init(
        document: Document,
        sequence: Int,
        answer: SourceAnswer,
        previousID: VersionID?,
        topicName: String,
        settings: TopicSettings
    ) {
        self.document = document
        self.sequence = sequence
        self.atMilliseconds = answer.receivedAtMilliseconds
        self.receivedAt = answer.receivedAt
        self.previousID = previousID
        self.topicName = topicName
        self.diffOptions = settings.diffOptions
        self.ignored = settings.ignored
    }

    /// The bytes that bring the holder of `from` (nil: nobody in particular) here, where they have been made already.
    /// Any thread; never waits for a computation.
    func made(from: VersionID?, format: DeliveryFormat) -> Delivery? {
        made(Step(from: format.mode == .snapshot ? nil : from, format: format))
    }

    private func made(_ step: Step) -> Delivery? { cache.withLock { $0[step] } }

    /// Makes those bytes, or returns what another thread made in the meantime. Takes time in proportion to the
    /// document: not for event loops.
    func make(from origin: Origin, format: DeliveryFormat) -> Delivery {
        var step = Step(format: format)
        switch origin {
        case _ where format.mode == .snapshot: break
        case .nothing: break
        case .version(let document): step.from = document.id
        case .forgotten: step.isReplacing = true
        }
        if let made = made(step) { return made }
        return patches.withLock { patches in
            if let made = made(step) { return made }
            let encoder = MessageEncoder(topicName: topicName, format: format)
            let delivery = encode(from: origin, with: encoder, patches: &patches)
            cache.withLock { $0[step] = delivery }
            return delivery
        }
    }

    /// The document's bytes in the one buffer that all HTTP answers share; nil where nobody has made it yet and the document
    /// is too large to do so now. Any thread; never waits for more than a copy of so many bytes.
    package func body(copyingUpTo limit: Int) -> ByteBuffer? {
        body.withLock { body in
            body.isWanted = true
            if body.bytes == nil, document.bytes.count <= limit { body.bytes = ByteBuffer(bytes: document.bytes) }
            return body.bytes
        }
    }

    /// The same, made now where it has to be: not for event loops.
    package func makeBody() -> ByteBuffer {
        copying.withLock { _ in
            if let made = body.withLock({ $0.bytes }) { return made }
            let made = ByteBuffer(bytes: document.bytes)
            body.withLock { $0.bytes = made }
            return made
        }
    }

    /// Whether somebody has asked for that. Any thread.
    var bodyIsWanted: Bool { body.withLock { $0.isWanted } }

    /// Bytes of the RFC 6902 patch that leads here from ``previousID``; nil where nobody has needed one. May wait for a
    /// computation: not for event loops.
    package var patchSize: Int? {
        previousID.flatMap { id in patches.withLock { $0[id]?.bytes.count } }
    }

    private func encode(
        from origin: Origin,
        with encoder: MessageEncoder,
        patches: inout [VersionID: JSONPatch]
    ) -> Delivery {
        if case .nothing = origin { return encoder.snapshot(document, at: atMilliseconds, isReplacing: false) }
        guard case .version(let from) = origin, case .json(let old) = from.content,
            case .json(let new) = document.content
        else { return encoder.snapshot(document, at: atMilliseconds, isReplacing: true) }
        switch encoder.format.mode {
        case .snapshot:
            break
        case .patch:
            let patch = patches[from.id] ?? JSONPatch.diff(from: old, to: new, options: diffOptions)
            patches[from.id] = patch
            if patch.bytes.count < new.bytes.count {
                return encoder.patch(patch.bytes, from: from.id, to: document.id, at: atMilliseconds)
            }
        case .merge:
            if let merge = MergePatch.diff(from: old, to: new), merge.count < new.bytes.count {
                return encoder.merge(merge, from: from.id, to: document.id, at: atMilliseconds)
            }
        case .events:
            let changes = ItemChange.diff(from: old, to: new, options: diffOptions, ignoring: ignored)
            return encoder.events(changes, from: from.id, to: document.id, at: atMilliseconds)
        }
        return encoder.snapshot(document, at: atMilliseconds, isReplacing: true)
    }
}
