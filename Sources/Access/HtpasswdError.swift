/// A line of an htpasswd file that cannot be used. It never holds the line's text: that is a secret.
package struct HtpasswdError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong with the line.
    package enum Reason: Error, Sendable, Equatable {
        case noColon
        case emptyUser
        case repeatedUser
        case unknownScheme
        case malformed
        case tooCostly
        case notUTF8
        case tooLarge
    }

    /// The line, from 1; 0 for the file as a whole.
    package let line: Int
    /// What is wrong there.
    package let reason: Reason

    package var description: String {
        let text =
            switch reason {
            case .noColon: "expected user:hash"
            case .emptyUser: "the user's name is empty"
            case .repeatedUser: "this user stands in the file already"
            case .unknownScheme:
                "neither bcrypt, $apr1$, {SHA}, $5$ nor $6$: make the line with \"htpasswd -B\" "
                    + "(plain text and DES crypt are refused)"
            case .malformed: "the hash is cut short or damaged"
            case .tooCostly:
                "bcrypt cost must be 4 to \(PasswordHash.largestCost), sha-crypt rounds at most \(PasswordHash.mostRounds)"
            case .notUTF8: "the file is not UTF-8"
            case .tooLarge: "the file is larger than \(Htpasswd.largestFile) bytes"
            }
        return line > 0 ? "line \(line): \(text)" : text
    }
}
