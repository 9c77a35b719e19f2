import CPCRE2

/// A regular expression in PCRE2's syntax that matches whole texts, with an upper bound on the work of one match: a client
/// chooses the text, and may choose one on which the expression would backtrack for hours. To be used from any thread, by
/// many at once.
final class RegularExpression: Sendable {
    /// Why a pattern is none.
    struct SyntaxError: Error, CustomStringConvertible {
        let message: String
        /// Where it was found, in bytes from the pattern's beginning.
        let offset: Int

        var description: String { "\(message) at offset \(offset)" }
    }

    // Bounds of one match. Those of the library, ten million steps and 20 MB, take a good part of a second. Texts that
    // are checked here are short: what needs more than this backtracks over and over.
    private static let steps: UInt32 = 20_000
    private static let depth: UInt32 = 5_000
    private static let kibibytes: UInt32 = 2_048

    /// Nobody changes either after `init`, and PCRE2 only reads them while it matches (pcre2api(3), "Multithreading").
    private struct Compiled: @unchecked Sendable {
        let code: OpaquePointer
        let limits: OpaquePointer
    }

    private let compiled: Compiled

    /// - Throws: ``SyntaxError``.
    init(_ pattern: String) throws(SyntaxError) {
        var (problem, offset) = (Int32(0), 0)
        // \C would end inside of a character. Without PCRE2_UCP, \d and \w are those of ASCII.
        let options = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY
        let bytes = Array(pattern.utf8)
        guard let code = pcre2_compile_8(bytes, bytes.count, options, &problem, &offset, nil) else {
            throw SyntaxError(message: Self.message(of: problem), offset: offset)
        }
        guard let limits = pcre2_match_context_create_8(nil) else {
            pcre2_code_free_8(code)
            throw SyntaxError(message: "there is not enough memory", offset: 0)
        }
        pcre2_set_match_limit_8(limits, Self.steps)
        pcre2_set_depth_limit_8(limits, Self.depth)
        pcre2_set_heap_limit_8(limits, Self.kibibytes)
        compiled = Compiled(code: code, limits: limits)
    }

    deinit {
        pcre2_match_context_free_8(compiled.limits)
        pcre2_code_free_8(compiled.code)
    }

    /// Whether the whole text matches. Not where that cannot be found out within the bounds.
    func matches(_ text: String) -> Bool {
        // For the place of the match alone: nobody asks for the groups.
        guard let result = pcre2_match_data_create_8(1, nil) else { return false }
        defer { pcre2_match_data_free_8(result) }
        let bytes = Array(text.utf8)
        // 0 where there are groups, for which there is no room.
        return pcre2_match_8(compiled.code, bytes, bytes.count, 0, 0, result, compiled.limits) >= 0
    }

    private static func message(of code: Int32) -> String {
        // The library's longest is shorter.
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = pcre2_get_error_message_8(code, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer.prefix(Int(count)), as: UTF8.self) : "error \(code)"
    }
}
