/// Why a text was not converted from XML.
package struct XMLError: Error, CustomStringConvertible, Equatable {
    /// The line where it was noticed, from 1.
    package let line: Int
    /// What is wrong there, as a phrase without an end mark.
    package let reason: String

    /// `line 3: Opening and ending tag mismatch: b line 2 and a`
    package var description: String { "line \(line): \(reason)" }
}
