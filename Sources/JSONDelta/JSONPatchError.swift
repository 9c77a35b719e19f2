/// Why a patch (RFC 6902) could not be applied. The document is unchanged then (RFC 5789 section 2).
package struct JSONPatchError: Error, CustomStringConvertible, Equatable {
    /// The operation at fault, from 0; nil where the patch as a whole is.
    package let operation: Int?

    /// What is wrong, as a phrase without an end mark.
    package let reason: String

    /// `operation 2: there is no "/a/b"`
    package var description: String {
        operation.map { "operation \($0): \(reason)" } ?? reason
    }
}
