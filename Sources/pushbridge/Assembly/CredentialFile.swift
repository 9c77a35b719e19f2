import Access
import Foundation

/// A file with users or keys that cannot be used.
struct UnusableFile: Error, CustomStringConvertible {
    let file: String
    /// The rest of a sentence that begins with the file's name.
    let reason: String

    var description: String { "\(file) \(reason)" }
}

/// Reads the files with users and keys that access rules name; blocks.
enum CredentialFile {
    static func users(_ file: String) throws(UnusableFile) -> Htpasswd {
        let bytes = try bytes(of: file, atMost: Htpasswd.largestFile)
        do throws(HtpasswdError) {
            return try Htpasswd(bytes)
        } catch {
            throw UnusableFile(file: file, reason: "cannot be used: \(error)")
        }
    }

    static func publicKey(_ file: String) throws(UnusableFile) -> TokenKeySet {
        try keys(file) { bytes throws(TokenKeyError) in try TokenKeySet(pem: bytes) }
    }

    static func keySet(_ file: String) throws(UnusableFile) -> TokenKeySet {
        try keys(file) { bytes throws(TokenKeyError) in try TokenKeySet(jwks: bytes) }
    }

    private static func keys(
        _ file: String,
        _ read: (Data) throws(TokenKeyError) -> TokenKeySet
    ) throws(UnusableFile) -> TokenKeySet {
        let bytes = try bytes(of: file, atMost: TokenKeySet.largestFile)
        do throws(TokenKeyError) {
            return try read(bytes)
        } catch {
            throw UnusableFile(file: file, reason: "\(error)")
        }
    }

    /// At most one byte more than may be there.
    private static func bytes(of file: String, atMost limit: Int) throws(UnusableFile) -> Data {
        guard let handle = FileHandle(forReadingAtPath: file) else {
            throw UnusableFile(file: file, reason: "cannot be read")
        }
        defer { try? handle.close() }
        do {
            return try handle.read(upToCount: limit + 1) ?? Data()
        } catch {
            throw UnusableFile(file: file, reason: "cannot be read: \(error.localizedDescription)")
        }
    }
}
