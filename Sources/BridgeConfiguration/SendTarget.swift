/// Where the messages of a poll route's clients go.
package struct SendTarget: Sendable, Equatable {
    /// An HTTP method in upper case that may change something.
    package let method: String
    /// May hold the parameters of the route's path.
    package let url: URLTemplate
    /// Fixed request headers, without Content-Type.
    package let headers: [HTTPHeader]
    /// The Content-Type of what is sent.
    package let contentType: String

    static let keys = ["method", "url", "headers", "contentType"]

    /// - Parameters:
    ///   - parameters: those of the route's path; nil where it is wrong, which has been reported.
    ///   - query: what the route passes on of the client's query.
    ///   - forward: what it passes on of the client's headers, in lower case.
    init?(reading field: Field, parameters: [String]?, query: [String], forward: [String]) {
        guard let section = field.section(keys: Self.keys) else { return nil }
        method = section["method"]?.parsed(Self.method) ?? "POST"
        headers = section["headers"].map(HTTPHeader.list(reading:)) ?? []
        contentType = section["contentType"]?.parsed(Self.mediaType) ?? "application/json"
        if headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            section["headers"]?.fail("has Content-Type", hint: "write it as contentType")
        }
        for header in headers where forward.contains(header.name.lowercased()) {
            section["headers"]?.fail(
                "\(header.name) is in forward too",
                hint: "it can come from one place only"
            )
        }
        if forward.contains("content-type") {
            field.fail("forward has Content-Type", hint: "that of a message is send.contentType")
        }
        guard let url = section.required("url")?.urlTemplate(parameters: parameters) else { return nil }
        if let taken = query.first(where: url.queryNames.contains) {
            section["url"]?.fail(
                "\(quoted(taken)) is in the route's query too",
                hint: "a client could then send to something else"
            )
        }
        self.url = url
    }

    private static func method(_ text: String) throws(Mistake) -> String {
        guard ["POST", "PUT", "PATCH", "DELETE"].contains(text) else {
            throw Mistake("expected \"POST\", \"PUT\", \"PATCH\" or \"DELETE\", found \(quoted(text))")
        }
        return text
    }

    private static func mediaType(_ text: String) throws(Mistake) -> String {
        let type = text.split(separator: ";", omittingEmptySubsequences: false)[0]
        let parts = type.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, (try? HTTPToken.parse(String(parts[0]))) != nil,
            (try? HTTPToken.parse(String(parts[1]))) != nil, (try? HTTPHeader.value(text)) != nil
        else { throw Mistake("expected a media type such as \"application/json\", found \(quoted(text))") }
        return text
    }
}
