/// What access rules say to a request.
package enum AccessDecision: Sendable, Equatable {
    case admitted(ClientIdentity)
    case denied(AccessDenial)
}

/// Why a request is not let in, and how it is answered.
package struct AccessDenial: Error, Sendable, Equatable {
    /// The answer, which tells a stranger as little as it can.
    package enum Answer: Sendable, Equatable {
        /// 401 with these `WWW-Authenticate` values (RFC 9110 section 11.6.1).
        case unauthenticated(challenges: [String])
        /// 403: the client is known, or nothing that it could show would help.
        case forbidden
        /// 503: nobody can tell now. Ask again after so many seconds.
        case undecided(retryAfter: Int)
    }

    package let answer: Answer
    /// For the operator's log. It holds no secret.
    package let reason: String

    package init(_ answer: Answer, reason: String) {
        self.answer = answer
        self.reason = reason
    }
}
