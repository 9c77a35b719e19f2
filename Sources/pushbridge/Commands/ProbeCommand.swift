import ArgumentParser
import BridgeConfiguration
import Foundation
import JSONDelta
import Logging
import Polling
import Probing

/// `pushbridge probe`.
struct ProbeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe",
        abstract: "Look at a legacy endpoint and print a route for it.",
        discussion: """
            Asks the endpoint --count times, one request each --interval, and says what it found: validators (ETag, \
            Last-Modified) and whether they work, what changes, members that change only with the time, arrays whose items \
            have an identity, and what pushing would save. The route at the end goes into `routes` of config.json.

            Ends with 69 where the endpoint never answered with a document.
            """
    )

    @Argument(help: "The endpoint's URL: http:// or https://.")
    var url: String

    @Option(help: "How often it is asked, such as \"2s\" or \"500ms\".")
    var interval = "2s"

    @Option(help: "How many times it is asked, 2…1000.")
    var count = 10

    @Option(help: "A request header, as \"Name: value\"; may be repeated.")
    var header: [String] = []

    @Flag(help: "Print the findings as JSON.")
    var json = false

    func validate() throws {
        guard (2...1000).contains(count) else { throw ValidationError("--count is from 2 to 1000.") }
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
            throw ValidationError("\"\(url)\" is not an http:// or https:// URL.")
        }
        for header in header where ConnectCommand.split(header) == nil {
            throw ValidationError("\"\(header)\" is not a header: write \"Name: value\".")
        }
        guard period != nil else { throw ValidationError("\"\(interval)\" is not a duration such as \"2s\".") }
    }

    private var period: Duration? {
        guard let period = Duration(configurationText: interval), period > .zero else { return nil }
        return period
    }

    func run() async throws {
        let poller = try Poller(logger: Logger(label: "probe") { _ in SwiftLogNoOpLogHandler() })
        let report = await probe(poller)
        await poller.shutdown()
        guard !report.answers.isEmpty else {
            Output.error("pushbridge: \(url) gave no document: \(report.failures.first ?? "no answer")")
            throw ExitStatus.unavailable
        }
        let route = try report.route(url: url, interval: interval, headers: header.compactMap(ConnectCommand.split))
        Output.line(json ? try report.json(route: route) : report.text(interval: interval) + "\n" + route)
    }

    private func probe(_ poller: Poller) async -> ProbeReport {
        var report = ProbeReport()
        let headers = header.compactMap(ConnectCommand.split)
        var next = ContinuousClock.now
        let progress = isatty(STDERR_FILENO) == 1
        for number in 1...count {
            if progress { FileHandle.standardError.write(Data("\r\(number) of \(count) ".utf8)) }
            let request = FetchRequest(url: url, headers: headers)
            do {
                report.add(try await poller.fetch(request))
            } catch {
                report.failures.append("\(error)")
            }
            next += period ?? .seconds(2)
            if number < count { try? await Task.sleep(until: next) }
        }
        if progress { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
        if let last = report.answers.last { await report.tryValidators(of: last, url: url, headers: headers, poller) }
        return report
    }
}
