/// The users of one htpasswd file (Apache's format: `user:hash` lines, `#` comments).
package struct Htpasswd: Sendable, Equatable {
    /// Larger files are refused, in bytes.
    package static let largestFile = 4 << 20

    private let users: [String: PasswordHash]
    /// Stands in for users who are not there, so that asking for them costs what a wrong password costs.
    private let decoy: PasswordHash?

    /// - Throws: `HtpasswdError` for the first line that cannot be used: a file that is half understood would keep
    ///   people out, or let them in, without anybody's knowing.
    package init(_ bytes: some Collection<UInt8>) throws(HtpasswdError) {
        guard bytes.count <= Self.largestFile else { throw HtpasswdError(line: 0, reason: .tooLarge) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw HtpasswdError(line: 0, reason: .notUTF8)
        }
        var users: [String: PasswordHash] = [:]
        var decoy: PasswordHash?
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        for (index, line) in lines.enumerated() where !line.isEmpty && !line.hasPrefix("#") {
            do throws(HtpasswdError.Reason) {
                guard let colon = line.firstIndex(of: ":") else { throw .noColon }
                let user = String(line[..<colon])
                guard !user.isEmpty else { throw .emptyUser }
                guard users[user] == nil else { throw .repeatedUser }
                // Some tools write more fields after the hash.
                let hash = try PasswordHash(String(line[line.index(after: colon)...].prefix { $0 != ":" }))
                users[user] = hash
                decoy = decoy ?? hash
            } catch {
                throw HtpasswdError(line: index + 1, reason: error)
            }
        }
        self.users = users
        self.decoy = decoy
    }

    /// Whether the file has this user with this password. Blocks, see `PasswordHash.matches`.
    package func admits(_ credentials: BasicCredentials) -> Bool {
        guard let hash = users[credentials.user] else {
            _ = decoy?.matches(credentials.password)
            return false
        }
        return hash.matches(credentials.password)
    }
}
