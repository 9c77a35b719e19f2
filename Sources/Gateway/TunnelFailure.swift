import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Why no backend of a tunnel could be reached.
package struct TunnelFailure {
    /// For the metrics' `reason` label.
    enum Reason: String {
        case timeout, unresolved, refused, tls, forbidden
    }

    /// Thrown where an address that a client chose is not allowed.
    struct NotAllowed: Error, CustomStringConvertible {
        let host: String
        let address: String
        let port: Int

        var description: String { "\(host) is \(address), and port \(port) there is not in the route's allow" }
    }

    /// Thrown where a name has no address.
    struct Unresolved: Error, CustomStringConvertible {
        let host: String

        var description: String { "\(host) cannot be resolved" }
    }

    /// Thrown where the backend ends its connection before TLS is complete.
    struct TLSIncomplete: Error, CustomStringConvertible {
        var description: String { "the backend ended the connection before TLS was complete" }
    }

    let reason: Reason

    package init(_ error: any Error) {
        switch error {
        case ChannelError.connectTimeout: reason = .timeout
        case is NotAllowed: reason = .forbidden
        case is Unresolved: reason = .unresolved
        case is TLSIncomplete, is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: reason = .tls
        case let error as NIOConnectionError:
            // A host with several addresses was out of time if one of them was.
            let timedOut = error.connectionErrors.contains { attempt in
                if case .some(.connectTimeout) = attempt.error as? ChannelError { true } else { false }
            }
            reason = error.connectionErrors.isEmpty ? .unresolved : timedOut ? .timeout : .refused
        default: reason = .refused
        }
    }

    var status: HTTPResponseStatus {
        switch reason {
        case .timeout: .gatewayTimeout
        case .forbidden: .forbidden
        case .unresolved, .refused, .tls: .badGateway
        }
    }

    /// For the client: says nothing of names and addresses.
    var explanation: String {
        switch reason {
        case .timeout: "the backend did not answer in time"
        case .unresolved: "the backend's name cannot be resolved"
        case .refused: "the backend refused the connection"
        case .tls: "the backend's TLS handshake failed"
        case .forbidden: "this route does not lead there"
        }
    }

    /// For the operator: what happened, with addresses.
    package static func text(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            let attempts = error.connectionErrors.map { attempt in
                let reason = (attempt.error as? IOError).map { String(cString: strerror($0.errnoCode)) }
                return "\(attempt.target.ipAddress ?? error.host):\(error.port): \(reason ?? text(attempt.error))"
            }
            return attempts.isEmpty ? "\(error.host) cannot be resolved" : attempts.joined(separator: "; ")
        case ChannelError.connectTimeout(let timeout):
            return "no connection within \(timeout.nanoseconds / 1_000_000) ms"
        case let error as IOError: return String(cString: strerror(error.errnoCode))
        default: return "\(error)"
        }
    }

    /// What the operator may do about it.
    package var advice: String {
        switch reason {
        case .timeout: "a firewall may drop what comes from here, or the route's tunnel.connectTimeout is too short"
        case .unresolved: "correct the host in the route's tunnel.to, or this machine's DNS"
        case .refused: "nothing listens there: start the backend, or correct the route's tunnel.to"
        case .tls: "let tunnel.tls.ca name the authority of the backend's certificate, or use tcp://"
        case .forbidden: "a client asked for what the route's tunnel.allow does not list"
        }
    }
}
