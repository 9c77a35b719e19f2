/// Why a poller could not begin.
package enum PollerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// libcurl could not set itself up: memory is short, or it is older than 7.74.
    case libcurlUnavailable
    /// Descriptors are short; see `ulimit -n`.
    case noDescriptor(errno: Int32)
    case noThread(errno: Int32)

    package var description: String {
        switch self {
        case .libcurlUnavailable: "libcurl could not be set up: memory is short, or it is older than 7.74"
        case .noDescriptor(let number): "no descriptor for the polling thread (errno \(number); see ulimit -n)"
        case .noThread(let number): "no polling thread (errno \(number); see ulimit -u)"
        }
    }
}
