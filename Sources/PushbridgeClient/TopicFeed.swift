import Foundation
import JSONDelta
import Synchronization

/// What a client knows of one topic, and who reads it. May be used from any thread.
final class TopicFeed: Sendable {
    private struct State {
        var document: BridgeDocument?
        /// The document as it is patched.
        var json: JSONDocument?
        var version: String?
        var status = BridgeStatus.connecting
        var readers: [ObjectIdentifier: UpdateQueue] = [:]
        var kind = Kind.unknown
        var isKindAsked = false
    }

    /// What answers a message that is sent.
    enum Kind {
        /// Nothing has shown it yet.
        case unknown
        /// A poll route: the endpoint's answer comes, however late.
        case endpoint
        /// A channel: nothing comes, but for a refusal.
        case channel
    }

    let topic: String
    let options: BridgeSubscriptionOptions
    private let state = Mutex(State())

    init(topic: String, options: BridgeSubscriptionOptions) {
        self.topic = topic
        self.options = options
    }

    var document: BridgeDocument? { state.withLock { $0.document } }
    var status: BridgeStatus { state.withLock { $0.status } }
    /// Where a new subscription goes on.
    var version: String? { state.withLock { $0.version } }
    var kind: Kind { state.withLock { $0.kind } }

    // MARK: readers

    /// Begins with the document that is here, and with what is wrong.
    func addReader() -> UpdateQueue {
        let queue = UpdateQueue()
        state.withLock { state in
            if let document = state.document { queue.offer(.document(document, patch: nil)) }
            if ![.connecting, .live].contains(state.status) { queue.offer(.status(state.status)) }
            if state.status == .closed { queue.end() } else { state.readers[ObjectIdentifier(queue)] = queue }
        }
        return queue
    }

    func removeReader(_ queue: UpdateQueue) {
        state.withLock { $0.readers[ObjectIdentifier(queue)] = nil }
        queue.end()
    }

    /// Offers inside the lock: readers see the order in which things happened.
    private func tell(_ update: BridgeUpdate, _ state: inout State) {
        for reader in state.readers.values { reader.offer(update) }
    }

    // MARK: what happens

    func report(_ status: BridgeStatus) {
        state.withLock { report(status, &$0) }
    }

    private func report(_ status: BridgeStatus, _ state: inout State) {
        guard state.status != status, state.status != .closed else { return }
        state.status = status
        tell(.status(status), &state)
        guard status == .closed else { return }
        for reader in state.readers.values { reader.end() }
        state.readers = [:]
    }

    /// What comes after the legacy endpoint's trouble does not say that it is over: the bridge does, by a status.
    private func reportLive(_ state: inout State) {
        if case .stale = state.status { return }
        report(.live, &state)
    }

    /// - Parameter kind: where the bridge's messages have not shown it before.
    func isFound(_ kind: Kind) {
        state.withLock { state in
            if state.kind == .unknown { state.kind = kind }
        }
    }

    /// Whether the bridge is to be asked for the kind: once a connection.
    func asksForKind() -> Bool {
        state.withLock { state in
            guard state.kind == .unknown, !state.isKindAsked else { return false }
            state.isKindAsked = true
            return true
        }
    }

    /// Another connection, on which the route may be another one.
    func forgetKind() {
        state.withLock { state in
            if state.version == nil { state.kind = .unknown }
            state.isKindAsked = false
        }
    }

    /// The next subscription begins with the whole document.
    func forgetVersion() {
        state.withLock { $0.version = nil }
    }

    /// - Returns: false where the message does not fit the document that is here.
    func take(_ message: BridgeMessage) -> Bool {
        state.withLock { take(message, &$0) }
    }

    private func take(_ message: BridgeMessage, _ state: inout State) -> Bool {
        switch message.kind {
        case .snapshot(let version, let content):
            var json: JSONDocument?
            if case .json(let bytes) = content { json = try? JSONDocument(parsing: Array(bytes)) }
            set(BridgeDocument(version: version, content: content), json, patch: nil, &state)
        case .patch(let from, let version, let patch):
            guard from == state.version, let json = try? state.json?.applying(patch: patch) else { return false }
            set(json, version, patch, &state)
        case .merge(let from, let version, let patch):
            guard from == state.version, let json = try? state.json?.applyingMerge(patch) else { return false }
            set(json, version, patch, &state)
        case .current(let version):
            state.version = version
            state.kind = .endpoint
            reportLive(&state)
        case .event(let event):
            state.version = event.version
            state.kind = .endpoint
            reportLive(&state)
            tell(.event(event), &state)
        case .message(let content):
            state.kind = .channel
            reportLive(&state)
            tell(.message(content), &state)
        case .status(let status):
            state.kind = .endpoint
            report(status, &state)
        case .error(let code, let reason):
            // An endpoint that fails; nothing is behind a channel that could.
            if [502, 504].contains(code) { state.kind = .endpoint }
            report(.refused(code: code, reason: reason), &state)
        case .sent, .unsubscribed, .pong: break
        }
        return true
    }

    private func set(_ json: JSONDocument, _ version: String, _ patch: [UInt8], _ state: inout State) {
        let document = BridgeDocument(version: version, content: .json(Data(json.bytes)))
        set(document, json, patch: Data(patch), &state)
    }

    private func set(_ document: BridgeDocument, _ json: JSONDocument?, patch: Data?, _ state: inout State) {
        state.document = document
        state.json = json
        state.version = document.version
        state.kind = .endpoint
        reportLive(&state)
        tell(.document(document, patch: patch), &state)
    }
}
