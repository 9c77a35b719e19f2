/// An http(s) URL that is fetched as it stands, without parameters: one of a command line, or one that a configuration has
/// already been found right for.
package struct FetchedURL: Sendable, Equatable {
    /// What is wrong with a URL.
    package struct Invalid: Error, Equatable, CustomStringConvertible {
        /// A sentence's part, such as `the URL's host is missing`.
        package let description: String
    }

    /// A host name, an IPv4 address or an IPv6 address without brackets; in lower case.
    package let host: String
    /// 1…65535; that of the scheme where the URL names none.
    package let port: Int
    /// Whether the scheme is `https`.
    package let isHTTPS: Bool

    /// - Parameter text: braces are what they are, no parameters.
    /// - Throws: ``Invalid``.
    package init(_ text: String) throws(Invalid) {
        let template: URLTemplate
        do throws(Mistake) {
            template = try URLTemplate(parsing: text.replacing("{", with: "%7B").replacing("}", with: "%7D"))
        } catch {
            throw Invalid(description: error.message + (error.hint.map { " (\($0))" } ?? ""))
        }
        self.init(template)
    }

    /// Where a template leads, whatever its parameters: none of them is in the host or the port.
    package init(_ template: URLTemplate) {
        host = template.host
        port = template.port
        isHTTPS = template.isHTTPS
    }
}
