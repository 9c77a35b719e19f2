import Foundation
import NIOCore
import NIOSSL

/// What servers and TLS have against a connection, in words for a person.
enum RefusalText {
    /// The `detail` of problem+json (RFC 9457), or the text as it is.
    static func detail(contentType: String?, body: ByteBuffer) -> String {
        struct Problem: Decodable { let detail: String }
        let mediaType = contentType?.split(separator: ";").first?.lowercased()
        if mediaType == "application/problem+json",
            let problem = try? JSONDecoder().decode(Problem.self, from: Data(body.readableBytesView))
        {
            return problem.detail
        }
        return String(buffer: body).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// BoringSSL's own words are names of its functions and source files.
    static func tls(_ error: any Error) -> String {
        let text = "\(error)"
        if text.contains("CERTIFICATE_VERIFY_FAILED") {
            return "its certificate has expired, or is of no authority that is trusted here; "
                + "a private authority's certificate is given as CA file"
        }
        if error as? NIOSSLExtraError == .failedToValidateHostname {
            return "its certificate is for another name than the URL's"
        }
        if text.contains("WRONG_VERSION_NUMBER") || text.contains("EOF during handshake") {
            return "it does not speak TLS there; a port without TLS is reached by ws:// or http://"
        }
        guard let reason = text.firstMatch(of: /OPENSSL_internal:([A-Z0-9_]+)/)?.output.1 else { return text }
        return reason.lowercased().replacing("_", with: " ")
    }
}
