import Foundation
import Synchronization

/// Ports that nobody else on the machine is given by chance: below those that the system hands out itself, so that a
/// listener that goes away can come back, and a port on which nobody listens stays one.
enum Ports {
    private static let nextPort = Mutex(Int.random(in: 12_000..<28_000))

    static func next() -> Int {
        nextPort.withLock { port in
            port = port < 31_000 ? port + 1 : 12_000
            return port
        }
    }

    /// Tries ports until one is free.
    static func bind<Listener>(
        isolation: isolated (any Actor)? = #isolation,
        _ listen: (Int) async throws -> Listener
    ) async throws -> Listener {
        for _ in 0..<100 {
            if let listener = try? await listen(next()) { return listener }
        }
        return try await listen(next())
    }
}
