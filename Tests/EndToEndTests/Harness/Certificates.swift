import Foundation
import Testing

extension TemporaryFolder {
    /// A folder with a certificate for 127.0.0.1 that signs itself, `cert.pem`, and its key, `key.pem`.
    static func withCertificate() async throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let run = try await Run(
            URL(filePath: "/usr/bin/openssl"),
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
                "-keyout", folder.file("key.pem"), "-out", folder.file("cert.pem"), "-subj", "/CN=localhost",
                "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
            ]
        )
        try #require(run.ending == .exited(0), "\(run.errors)")
        return folder
    }

    /// The path of a file in it.
    func file(_ name: String) -> String { url.appending(path: name).path() }
}
