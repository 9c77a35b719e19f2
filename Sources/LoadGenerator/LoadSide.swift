import Foundation
import Glibc

/// How much of this machine a run takes: where the load side has nothing left, the numbers say little of the server.
struct LoadSide {
    /// What was used between the beginning and now.
    struct Use: Sendable {
        /// CPU of this process, in cores.
        let cores: Double
        /// CPU that it could use, in cores.
        let available: Int
        /// CPU of the whole machine that was busy, 0…1; nil: unknown.
        let machine: Double?
        /// The 99th percentile of how late the event loops were, in nanoseconds.
        let lag: UInt64
        /// Why the load side limits the numbers; empty: it does not.
        let bottlenecks: [String]
    }

    private let loops: Int
    private let start = ContinuousClock.now
    private let processor = Self.processTime()
    private let machine = Self.machineTime()

    init(loops: Int) {
        self.loops = loops
    }

    func use(lag: LoadCounts.Times) -> Use {
        let seconds = max(0.001, (ContinuousClock.now - start) / .seconds(1))
        let cores = (Self.processTime() - processor) / seconds
        let available = min(loops, ProcessInfo.processInfo.activeProcessorCount)
        var busy: Double?
        if let before = machine, let now = Self.machineTime(), now.total > before.total {
            busy = 1 - (now.idle - before.idle) / (now.total - before.total)
        }
        let late = lag.totalCount > 0 ? lag.valueAtPercentile(99) : 0
        return Use(
            cores: cores,
            available: available,
            machine: busy,
            lag: late,
            bottlenecks: Self.bottlenecks(cores: cores, available: available, machine: busy, lag: late)
        )
    }

    static func bottlenecks(cores: Double, available: Int, machine: Double?, lag: UInt64) -> [String] {
        var reasons: [String] = []
        let share = cores / Double(max(1, available))
        if share >= 0.9 {
            reasons.append("it uses \(percent(share)) of the \(available) cores that it can")
        } else if let machine, machine >= 0.95, share >= 0.2 {
            reasons.append(
                "this machine's processors are \(percent(machine)) busy, \(percent(share)) with sending and receiving"
            )
        }
        if lag >= 20_000_000 {
            let cause = (machine ?? 0) >= 0.95 && reasons.isEmpty ? ", for this machine has no processor time left" : ""
            reasons.append("its event loops are up to \(lag / 1_000_000) ms late\(cause)")
        }
        return reasons
    }

    private static func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }

    /// Seconds, of all threads.
    private static func processTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Of all processors, in the kernel's ticks (proc_stat(5)).
    private static func machineTime() -> (idle: Double, total: Double)? {
        guard let text = try? String(contentsOfFile: "/proc/stat", encoding: .utf8),
            let line = text.split(separator: "\n").first, line.hasPrefix("cpu ")
        else { return nil }
        let ticks = line.split(separator: " ").dropFirst().prefix(8).compactMap { Double($0) }
        guard ticks.count >= 5 else { return nil }
        return (ticks[3] + ticks[4], ticks.reduce(0, +))
    }
}
