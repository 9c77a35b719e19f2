/// What a file that a configuration names is for.
package enum FileContent: Sendable {
    /// PEM certificates: a chain, or authorities.
    case certificates
    /// A PEM private key without a passphrase.
    case privateKey
    /// Users and the hashes of their passwords, in the form of Apache's htpasswd.
    case passwords
    /// A PEM public key that tokens are checked with.
    case publicKey
    /// A JSON Web Key Set (RFC 7517).
    case keySet
}

/// Looks into the files that a configuration names, so that a wrong one is a mistake with a line, found together with all
/// others. What the files hold is not this target's to know. Blocks while it reads.
package protocol FileInspector: Sendable {
    /// What is wrong with a file, as the rest of a sentence that begins with its name; nil: nothing.
    ///
    /// - Parameter path: absolute; there is a file.
    func complaint(about path: String, as content: FileContent) -> String?

    /// The same for a private key that must be that of a certificate; both are right by themselves.
    func complaint(aboutKey key: String, of certificate: String) -> String?
}
