import CCurl
import Glibc
import Synchronization

/// How other threads speak to the polling thread: a queue of commands, and an eventfd that wakes the thread where it
/// sleeps. While it is at work nobody needs to wake it: it looks here before it sleeps.
final class PollingMailbox: Sendable {
    enum Command: Sendable {
        case start(PollBeginning)
        case pollNow(Int)
        case stop(Int)
        case verdict(Int, PollVerdict)
        case fetch(Int, FetchRequest, @Sendable (Result<FetchResponse, FetchFailure>) -> Void)
        case abandonFetch(Int)
        case shutDown
    }

    private struct Contents {
        var commands: [Command] = []
        var isClosed = false
        var isAsleep = false
        var whenClosed: [CheckedContinuation<Void, Never>] = []
    }

    /// Valid until `close`.
    let wakeUp: Int32
    private let contents = Mutex(Contents())
    private let identifiers = Atomic<Int>(0)

    init() throws(PollerError) {
        wakeUp = ccurl_eventfd_create()
        guard wakeUp >= 0 else { throw .noDescriptor(errno: errno) }
    }

    /// A number that no other poll or fetch has.
    func newIdentifier() -> Int { identifiers.add(1, ordering: .relaxed).newValue }

    /// False where the thread has ended, and the command goes nowhere.
    @discardableResult
    func post(_ command: Command) -> Bool {
        contents.withLock { contents in
            guard !contents.isClosed else { return false }
            contents.commands.append(command)
            if contents.isAsleep {
                contents.isAsleep = false
                ccurl_eventfd_signal(wakeUp)
            }
            return true
        }
    }

    /// The thread wants to sleep: false where there is something to take first. After true the next command wakes it.
    func fallAsleep() -> Bool {
        contents.withLock { contents in
            contents.isAsleep = contents.commands.isEmpty
            return contents.isAsleep
        }
    }

    /// Everything posted since the last call. The thread is awake.
    func take() -> [Command] {
        contents.withLock { contents in
            contents.isAsleep = false
            guard !contents.commands.isEmpty else { return [] }
            defer { contents.commands = [] }
            return contents.commands
        }
    }

    /// The thread has ended, or never began. Returns what was posted but not taken.
    func shut() -> [Command] {
        let (left, waiting) = contents.withLock { contents in
            guard !contents.isClosed else { return ([Command](), [CheckedContinuation<Void, Never>]()) }
            contents.isClosed = true
            close(wakeUp)
            defer {
                contents.commands = []
                contents.whenClosed = []
            }
            return (contents.commands, contents.whenClosed)
        }
        for continuation in waiting { continuation.resume() }
        return left
    }

    func waitUntilShut() async {
        await withCheckedContinuation { continuation in
            let isClosed = contents.withLock { contents in
                if !contents.isClosed { contents.whenClosed.append(continuation) }
                return contents.isClosed
            }
            if isClosed { continuation.resume() }
        }
    }
}

/// What the polling thread needs to begin a poll.
struct PollBeginning: Sendable {
    let id: Int
    let plan: PollPlan
    let observer: any PollObserver
    let shared: PollSharedState
}
