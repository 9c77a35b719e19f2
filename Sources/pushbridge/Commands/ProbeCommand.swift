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

    @OptionGroup var headers: HeaderOptions

    @Flag(help: "Print the findings as JSON.")
    var json = false

    func validate() throws {
        guard (2...1000).contains(count) else { throw ValidationError("--count is from 2 to 1000.") }
        do throws(FetchedURL.Invalid) { _ = try FetchedURL(url) } catch {
            throw ValidationError("\"\(url)\" cannot be fetched: \(error).")
        }
        guard period != nil else { throw ValidationError("\"\(interval)\" is not a duration such as \"2s\".") }
    }

    private var period: Duration? {
        guard let period = Duration(configurationText: interval), period > .zero else { return nil }
        return period
    }

    func run() async throws {
        try requireLibcurl()
        let poller = try Poller(logger: Logger(label: "probe") { _ in SwiftLogNoOpLogHandler() })
        let findings = await probe(poller)
        await poller.shutdown()
        guard let report = ProbeReport(findings) else {
            Output.error("pushbridge: \(url) gave no document: \(findings.failures.first ?? "no answer")")
            throw ExitStatus.unavailable
        }
        let route = try report.route(url: url, interval: interval, headers: headers.fields)
        Output.line(json ? try report.json(route: route) : report.text(interval: interval) + "\n" + route)
    }

    private func probe(_ poller: Poller) async -> ProbeAnswers {
        var answers = ProbeAnswers()
        let request = FetchRequest(url: url, headers: headers.fields)
        var next = ContinuousClock.now
        let progress = isatty(STDERR_FILENO) == 1
        for number in 1...count {
            if progress { Output.progress("\r\(number) of \(count) ") }
            do {
                answers.add(try await poller.fetch(request))
            } catch {
                answers.failures.append("\(error)")
            }
            next += period ?? .seconds(2)
            if number < count { try? await Task.sleep(until: next) }
        }
        if progress { Output.progress("\r\u{1B}[K") }
        await answers.tryValidators(request, poller)
        return answers
    }
}
