import Foundation

/// The wall clock.
enum UnixTime {
    /// Milliseconds since 1970.
    static var nowMilliseconds: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }
}
