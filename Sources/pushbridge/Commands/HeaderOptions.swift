import ArgumentParser
import Foundation

/// Request headers on the command line, shared by commands.
struct HeaderOptions: ParsableArguments {
    @Option(help: "A request header, as \"Name: value\"; may be repeated.")
    var header: [String] = []

    /// In the order given.
    var fields: [(name: String, value: String)] { header.compactMap(Self.split) }

    func validate() throws {
        for header in header where Self.split(header) == nil {
            throw ValidationError("\"\(header)\" is not a header: write \"Name: value\".")
        }
    }

    private static func split(_ header: String) -> (name: String, value: String)? {
        guard let colon = header.firstIndex(of: ":"), colon > header.startIndex,
            !header.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
        else { return nil }
        let value = header[header.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        return (String(header[..<colon]), value)
    }
}
