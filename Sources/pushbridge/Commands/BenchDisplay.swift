import Foundation
import LoadGenerator

/// How a load run looks: its progress on standard error, and its result.
struct BenchDisplay: Sendable {
    let isTerminal: Bool
    let isQuiet: Bool

    func show(_ progress: LoadRun.Progress) {
        guard !isQuiet else { return }
        var line = "\(Self.number(Double(progress.connections))) open"
        if let elapsed = progress.elapsed {
            line = "\(Int((elapsed / .seconds(1)).rounded())) s: \(line)"
            line += ", \(Self.number(Double(progress.messages))) messages, \(Self.bytes(Double(progress.bytes)))"
            if let time = progress.percentile99 { line += ", p99 \(Self.time(Double(time) / 1e6))" }
        } else {
            line = "connecting: \(line)"
        }
        if isTerminal {
            Output.progress("\r\u{1B}[K\(line)")
        } else {
            Output.error(line)
        }
    }

    /// Takes the line of progress away.
    func end() {
        if isTerminal, !isQuiet { Output.progress("\r\u{1B}[K") }
    }

    static func json(_ report: LoadReport) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(report), as: UTF8.self)
    }

    static func table(_ report: LoadReport) -> String {
        let (connections, messages, side) = (report.connections, report.messages, report.loadSide)
        var lines = ["pushbridge bench \(report.kind) \(report.url)", ""]
        var opened = "\(number(Double(connections.opened))) of \(number(Double(connections.asked)))"
        opened += " opened in \(time(connections.openingSeconds * 1000))"
        if connections.lost > 0 { opened += ", \(number(Double(connections.lost))) lost" }
        lines.append(row("connections", opened))
        lines.append(row("measured", "\(report.seconds) s"))
        if messages.sent > 0 { lines.append(row("sent", "\(number(Double(messages.sent))) messages")) }
        lines.append(
            row(
                "received",
                "\(number(Double(messages.received))) messages, \(number(messages.perSecond))/s, "
                    + "\(bytes(messages.bytesPerSecond))/s"
            )
        )
        lines.append(
            row(
                "load side",
                "\(side.cores) of \(side.coresAvailable) cores, event loops up to \(time(side.loopLag)) late"
            )
        )
        lines += ["", row("", columns(["mean", "p50", "p90", "p99", "p99.9", "longest"]))]
        for (name, times) in [
            ("handshake", report.handshake), ("latency", report.latency), ("spread", report.spread),
        ] {
            guard let times else { continue }
            lines.append(
                row(name, columns([times.mean, times.p50, times.p90, times.p99, times.p999, times.max].map(time)))
            )
        }
        let reasons = connections.reasons.sorted { $0.value > $1.value }
        if !reasons.isEmpty {
            lines.append("")
            lines += reasons.prefix(8).map { row("failed", "\(number(Double($0.value))): \($0.key)") }
        }
        if !report.warnings.isEmpty {
            lines.append("")
            lines += report.warnings.map { "NOTE: \($0)" }
        }
        return lines.joined(separator: "\n")
    }

    private static func row(_ name: String, _ text: String) -> String {
        "  " + name.padding(toLength: 13, withPad: " ", startingAt: 0) + text
    }

    private static func columns(_ cells: [String]) -> String {
        cells.map { String(repeating: " ", count: max(0, 11 - $0.count)) + $0 }.joined()
    }

    /// Three digits or so, with thin groups: 1 234 567, or 12.5 below a thousand.
    static func number(_ value: Double) -> String {
        guard value >= 1000 || value == value.rounded() else { return String(format: "%.1f", value) }
        var digits = String(Int(value.rounded()))
        var groups: [Substring] = []
        while digits.count > 3 {
            groups.insert(digits.suffix(3), at: 0)
            digits = String(digits.dropLast(3))
        }
        return ([Substring(digits)] + groups).joined(separator: " ")
    }

    static func bytes(_ value: Double) -> String {
        switch value {
        case ..<1000: "\(Int(value)) B"
        case ..<1e6: String(format: "%.1f kB", value / 1e3)
        case ..<1e9: String(format: "%.1f MB", value / 1e6)
        default: String(format: "%.2f GB", value / 1e9)
        }
    }

    /// - Parameter milliseconds: what is said in the unit that fits.
    static func time(_ milliseconds: Double) -> String {
        switch milliseconds {
        case ..<1: "\(Int((milliseconds * 1000).rounded())) µs"
        case ..<100: String(format: "%.2f ms", milliseconds)
        case ..<10_000: String(format: "%.0f ms", milliseconds)
        default: String(format: "%.1f s", milliseconds / 1000)
        }
    }
}
