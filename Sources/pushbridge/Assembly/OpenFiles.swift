import Foundation

/// The limit on open descriptors: each connection takes one. The soft limit is low for the sake of programs that use
/// select(2), and none of ours does.
enum OpenFiles {
    /// Raises the soft limit as far as the hard one allows.
    ///
    /// - Returns: what it is then; nil where it is unknown.
    @discardableResult
    static func raiseLimit() -> Int? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return Int(clamping: limit.rlim_max)
    }
}
