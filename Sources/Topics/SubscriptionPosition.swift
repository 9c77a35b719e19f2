import NIOCore

/// Where one subscriber stands, and what is to be done for it: a state machine without I/O.
///
/// A subscriber is always at a version, or has none yet. Whatever happens, it is brought from there to the newest
/// version in one step; there is never a queue. While a step is being made for it (``State/making``), and while its
/// socket takes nothing (``State/behind``), newer versions only move the goal.
struct SubscriptionPosition {
    enum State: Equatable {
        /// Has the newest version, or waits for the first. Next: any.
        case idle
        /// A newer version exists, and the socket is not ready or the rate limit says wait. Next: `making`, `idle`.
        case behind
        /// A step from `held` to some version is being computed. Next: `idle`, `behind`, `making`.
        case making
    }

    enum Action: Equatable {
        /// Nothing to do now.
        case none
        /// Write the bytes that everybody at the previous version gets.
        case deliverShared
        /// Write the step that was made.
        case deliverMade
        /// Say that nothing was missed.
        case confirm
        /// Compute the step from this version (nil: the whole document) to the newest, then report it.
        case make(from: VersionID?)
        /// Report ``becameReady(newest:now:)`` at this time.
        case wakeAt(NIODeadline)
    }

    private(set) var state = State.idle
    /// The version that the subscriber holds; nil before its first document.
    private(set) var held: VersionID?
    /// The least time between two deliveries; nil without a rate limit.
    let minimumGap: TimeAmount?
    private var notBefore: NIODeadline?
    private var hasTimer = false
    /// `held` is what the subscriber says, and nobody knows yet whether it is true.
    private var isClaim: Bool

    /// - Parameters:
    ///   - held: what the subscriber says it holds: a version that the topic knows, or any while it knows none.
    ///   - isClaim: the topic knows no version yet.
    ///   - maximumRate: deliveries a second, 0.001…1000; nil for no limit.
    init(held: VersionID?, isClaim: Bool = false, maximumRate: Double? = nil) {
        self.held = held
        self.isClaim = isClaim
        self.minimumGap = maximumRate.map { .nanoseconds(Int64(1_000_000_000 / $0)) }
    }

    /// A new version is there. The shared bytes bring the holder of `previous`, or anybody, to it.
    mutating func revisionArrived(
        _ version: VersionID,
        from previous: VersionID?,
        anyPosition: Bool,
        isReady: Bool,
        now: NIODeadline
    ) -> Action {
        guard state != .making else { return .none }
        let wasClaim = isClaim
        isClaim = false
        if held == version {
            // It was so all along, or has become so again while the subscriber was behind.
            state = .idle
            return wasClaim ? .confirm : .none
        }
        // What nobody can know to be true is as good as nothing.
        if wasClaim { held = nil }
        if let wait = pause(isReady: isReady, now: now) { return wait }
        if anyPosition || (held != nil && held == previous) { return .deliverShared }
        state = .making
        return .make(from: held)
    }

    /// The socket takes bytes again, or a wake-up time has come.
    mutating func becameReady(newest: VersionID?, isReady: Bool, isWakeUp: Bool = false, now: NIODeadline) -> Action {
        if isWakeUp { hasTimer = false }
        guard state != .making, let newest else { return .none }
        guard newest != held else {
            state = .idle
            return .none
        }
        if let wait = pause(isReady: isReady, now: now) { return wait }
        state = .making
        return .make(from: held)
    }

    /// The shared bytes have to be made first: like ``Action/make(from:)``.
    mutating func isBeingMade() {
        state = .making
    }

    /// The step that was asked for has been made.
    mutating func stepMade(isReady: Bool) -> Action {
        guard state == .making else { return .none }
        guard isReady else {
            state = .behind
            return .none
        }
        return .deliverMade
    }

    /// A delivery has been written that ends at `version`.
    mutating func delivered(_ version: VersionID, now: NIODeadline) {
        held = version
        state = .idle
        if let minimumGap { notBefore = now + minimumGap }
    }

    /// Whether nothing but the next version is to come: every broadcast can be written without asking, until the socket
    /// takes one no more.
    func isSettled(at version: VersionID) -> Bool {
        state == .idle && held == version && minimumGap == nil && !isClaim
    }

    /// What keeps the subscriber from being served now, if anything does.
    private mutating func pause(isReady: Bool, now: NIODeadline) -> Action? {
        guard isReady else {
            state = .behind
            return Action.none
        }
        guard let notBefore, now < notBefore else { return nil }
        state = .behind
        if hasTimer { return Action.none }
        hasTimer = true
        return .wakeAt(notBefore)
    }
}
