@testable import JSONDelta

/// A text is refused, or has one delivered form, which is JSON that says the same.
enum DocumentProperties {
    static func check(_ bytes: [UInt8]) throws(PropertyViolation) {
        guard let document = try? JSONDocument(parsing: bytes) else { return }
        do {
            let again = try JSONDocument(parsing: document.bytes)
            try require(again.bytes == document.bytes, "the delivered form has a delivered form of its own")
            try require(
                again.nodes.count == document.nodes.count,
                "the index over the text differs from the one over its source"
            )
        } catch let violation as PropertyViolation {
            throw violation
        } catch {
            throw PropertyViolation("the delivered form is refused: \(error)")
        }
        try require(document.isEqual(to: document), "a document differs from itself")
        try require(document.select(rootPointer)?.bytes == document.bytes, "the whole is not the whole")
    }

    private static let rootPointer: JSONPointer = {
        do {
            return try JSONPointer("")
        } catch {
            preconditionFailure("\(error)")
        }
    }()
}
