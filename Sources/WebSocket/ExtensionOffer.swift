/// One element of a `Sec-WebSocket-Extensions` header: an extension with its parameters (RFC 6455 §9.1).
package struct ExtensionOffer: Sendable, Hashable, CustomStringConvertible {
    /// One parameter; `value` is nil where it has none.
    package struct Parameter: Sendable, Hashable {
        /// A token.
        package let name: String
        /// A token, without the quotes that it may have had.
        package let value: String?

        /// - Parameters:
        ///   - name: a token.
        ///   - value: a token; nil where the parameter has none.
        package init(_ name: String, _ value: String? = nil) {
            self.name = name
            self.value = value
        }
    }

    /// The extension's name.
    package let name: String
    /// In the order of the header.
    package let parameters: [Parameter]

    /// - Parameters:
    ///   - name: a token.
    ///   - parameters: in the order of the header.
    package init(name: String, parameters: [Parameter] = []) {
        self.name = name
        self.parameters = parameters
    }

    /// As it stands in a header; every value is a token, so none is quoted.
    package var description: String {
        self.parameters.reduce(self.name) { text, parameter in
            parameter.value.map { "\(text); \(parameter.name)=\($0)" } ?? "\(text); \(parameter.name)"
        }
    }

    /// Parses one header line: a comma-separated list. Nil where it breaks the grammar of RFC 6455 §9.1, which obliges
    /// the receiver to fail the connection.
    package static func parse(_ header: String) -> [ExtensionOffer]? {
        var scanner = Scanner(bytes: Array(header.utf8))
        var offers: [ExtensionOffer] = []
        while true {
            scanner.skipBlanks()
            // Empty list elements are allowed (RFC 9110 §5.6.1).
            if scanner.take(UInt8(ascii: ",")) { continue }
            if scanner.isAtEnd { return offers }
            guard let name = scanner.token() else { return nil }
            var parameters: [Parameter] = []
            scanner.skipBlanks()
            while scanner.take(UInt8(ascii: ";")) {
                scanner.skipBlanks()
                guard let parameter = scanner.token() else { return nil }
                scanner.skipBlanks()
                var value: String?
                if scanner.take(UInt8(ascii: "=")) {
                    scanner.skipBlanks()
                    guard let found = scanner.token() ?? scanner.quotedToken() else { return nil }
                    value = found
                    scanner.skipBlanks()
                }
                parameters.append(Parameter(parameter, value))
            }
            offers.append(ExtensionOffer(name: name, parameters: parameters))
            guard scanner.isAtEnd || scanner.take(UInt8(ascii: ",")) else { return nil }
        }
    }

    /// Parses several header lines as one list.
    package static func parse(_ headers: [String]) -> [ExtensionOffer]? {
        var offers: [ExtensionOffer] = []
        for header in headers {
            guard let more = self.parse(header) else { return nil }
            offers += more
        }
        return offers
    }

    private struct Scanner {
        let bytes: [UInt8]
        var position = 0

        var isAtEnd: Bool { self.position == self.bytes.count }

        mutating func skipBlanks() {
            while self.position < self.bytes.count, [0x20, 0x09].contains(self.bytes[self.position]) {
                self.position += 1
            }
        }

        mutating func take(_ byte: UInt8) -> Bool {
            guard self.position < self.bytes.count, self.bytes[self.position] == byte else { return false }
            self.position += 1
            return true
        }

        mutating func token() -> String? {
            let start = self.position
            while self.position < self.bytes.count, HeaderSyntax.isTokenByte(self.bytes[self.position]) {
                self.position += 1
            }
            guard self.position > start else { return nil }
            return String(decoding: self.bytes[start..<self.position], as: UTF8.self)
        }

        /// A quoted string whose content, without its backslashes, is a token: RFC 6455 §9.1 allows no other.
        mutating func quotedToken() -> String? {
            guard self.take(UInt8(ascii: "\"")) else { return nil }
            var content: [UInt8] = []
            while self.position < self.bytes.count {
                var byte = self.bytes[self.position]
                self.position += 1
                if byte == UInt8(ascii: "\"") {
                    return content.isEmpty ? nil : String(decoding: content, as: UTF8.self)
                }
                if byte == UInt8(ascii: "\\") {
                    guard self.position < self.bytes.count else { return nil }
                    byte = self.bytes[self.position]
                    self.position += 1
                }
                guard HeaderSyntax.isTokenByte(byte) else { return nil }
                content.append(byte)
            }
            return nil
        }
    }
}
