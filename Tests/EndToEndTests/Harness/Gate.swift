import NIOCore
import NIOPosix

/// Holds answers back until a test lets them go.
final class Gate: Sendable {
    private let promise = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: Void.self)

    deinit {
        promise.succeed()
    }

    func open() { promise.succeed() }

    /// Calls back on the event loop once the gate is open.
    func whenOpen(on loop: any EventLoop, _ body: @escaping () -> Void) {
        promise.futureResult.hop(to: loop).assumeIsolated().whenSuccess(body)
    }
}
