import Access
import NIOCore
import NIOHTTP1

extension HTTPExchange {
    /// Asks the route's access rules, and has its service answer a request that they let in. Everything that a client may
    /// get, by whatever transport, goes through here.
    ///
    /// - Throws: what can be said at once.
    func begin() throws(Problem) {
        try checkName()
        if asksForWebSocket { try checkOrigin() }
        // A browser asks before it sends credentials, and without them (WHATWG Fetch section 4.9).
        let isPreflight = head.method == .OPTIONS && head.headers.contains(name: "Access-Control-Request-Method")
        guard let judge = route.access, !isPreflight else {
            try route.service.answer(self)
            return
        }
        var isAbandoned = false
        onAbandoned = { isAbandoned = true }
        judge.decide(AccessRequest(self), on: loop.loop).whenSuccess { decision in
            guard !isAbandoned else { return }
            self.onAbandoned = nil
            do throws(Problem) {
                switch decision {
                case .admitted(let identity):
                    self.identity = identity
                    try self.route.service.answer(self)
                case .denied(let denial):
                    self.loop.report(denial, path: self.target.rawPath, address: self.clientAddress)
                    throw Problem(denial)
                }
            } catch {
                self.fail(error)
            }
        }
    }

    /// The client's IP address; nil on a Unix socket.
    var clientAddress: String? { client.text }

    /// What asks for no credentials may be asked by no name that a stranger could have pointed here.
    ///
    /// - Throws: 403.
    private func checkName() throws(Problem) {
        let host = head.headers.first(name: "Host")
        guard route.names?.contains(host: host) == false else { return }
        loop.logger.info(
            "request by a foreign name refused",
            metadata: ["host": "\(host ?? "")", "path": "\(target.rawPath)"]
        )
        throw Problem(
            status: .forbidden,
            detail: "reach the admin listener by its address or as localhost, or set admin.access: "
                + "without access it answers to no name that anybody could have pointed here"
        )
    }

    /// WebSockets and posted forms are ways in for pages of other sites that nothing in the browser guards.
    ///
    /// - Throws: 403 for a page that may not use the route.
    func checkOrigin() throws(Problem) {
        let origin = head.headers.first(name: "Origin")
        guard !route.origins.allows(origin: origin, host: head.headers.first(name: "Host")) else { return }
        loop.logger.info(
            "page of a foreign origin refused",
            metadata: ["origin": "\(origin ?? "")", "path": "\(target.rawPath)"]
        )
        loop.metrics.rejected("origin")
        throw Problem(status: .forbidden, detail: "pages of this origin may not do this")
    }
}

extension AccessJudge {
    /// Judges a request away from the event loop, and comes back to it.
    func decide(_ request: AccessRequest, on loop: any EventLoop) -> EventLoopFuture<AccessDecision>.Isolated {
        loop.makeFutureWithTask { await self.decide(request) }.assumeIsolated()
    }
}

extension GatewayLoop {
    /// Tells the operator why somebody was not let in.
    func report(_ denial: AccessDenial, path: String, address: String?) {
        logger.info(
            "access denied",
            metadata: ["path": "\(path)", "address": "\(address ?? "-")", "reason": "\(denial.reason)"]
        )
        metrics.rejected("access")
    }
}

extension AccessRequest {
    init(_ exchange: HTTPExchange) {
        self.init(
            // A handshake is a GET, also where HTTP/2 has to call it otherwise.
            method: exchange.connectProtocol == nil ? exchange.head.method.rawValue : "GET",
            target: exchange.head.uri,
            headers: exchange.head.headers.map { (name: $0.name, value: $0.value) },
            query: exchange.target.query,
            address: exchange.clientAddress,
            network: exchange.client.ip?.client.description,
            isSecure: exchange.connection.isSecure
        )
    }
}

extension Problem {
    /// The answer tells nothing of the reason: whoever guesses learns from it.
    init(_ denial: AccessDenial) {
        switch denial.answer {
        case .unauthenticated(let challenges):
            self.init(
                status: .unauthorized,
                detail: "this path asks who you are",
                headers: HTTPHeaders(challenges.map { ("WWW-Authenticate", $0) })
            )
        case .forbidden:
            self.init(status: .forbidden, detail: "you may not use this path")
        case .undecided(let seconds):
            self.init(
                status: .serviceUnavailable,
                detail: "whether you may use this path cannot be told now; try again later",
                headers: ["Retry-After": String(seconds)]
            )
        }
    }
}
