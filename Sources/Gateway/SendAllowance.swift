/// What the messages of one connection that are on their way to upstreams may hold, whatever their topics: those that
/// are under way, and those that wait behind them. Belongs to the connection's event loop.
final class SendAllowance {
    /// Messages on their way to slow upstreams.
    private static let maximumMessages = 64

    private let maximumBytes: Int
    private var messages = 0
    private var bytes = 0

    /// - Parameter largestMessage: in bytes; what is on its way may hold as much as two of them.
    init(largestMessage: Int) {
        maximumBytes = 2 * largestMessage
    }

    /// - Returns: whether there is room for one more message of so many bytes; ``giveBack(_:)`` must follow then.
    func take(_ count: Int) -> Bool {
        guard messages < Self.maximumMessages, messages == 0 || bytes + count <= maximumBytes else { return false }
        messages += 1
        bytes += count
        return true
    }

    /// A message has been answered.
    func giveBack(_ count: Int) {
        messages -= 1
        bytes -= count
    }
}
