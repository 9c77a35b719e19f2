/// Where the keys that tokens are checked with come from.
package protocol TokenKeySource: Sendable {
    /// Changes with the keys: what was decided with others is decided again.
    func generation() async -> String

    /// The keys now.
    ///
    /// - Parameter isOutdated: whether a newer set than this one is wanted, because a token's key is not in it.
    func keySet(isOutdated: @Sendable (TokenKeySet) -> Bool) async throws(AccessUnavailable) -> TokenKeySet
}

/// Something that a decision needs could not be had.
package struct AccessUnavailable: Error, Sendable, Equatable {
    /// For the log.
    package let reason: String

    package init(reason: String) {
        self.reason = reason
    }
}

/// Keys from the configuration and its files.
package struct FixedTokenKeys: TokenKeySource {
    private let keys: TokenKeySet

    package init(_ keys: TokenKeySet) {
        self.keys = keys
    }

    package func generation() -> String { "" }

    package func keySet(isOutdated: @Sendable (TokenKeySet) -> Bool) -> TokenKeySet { keys }
}
