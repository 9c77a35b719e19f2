import Foundation
import Synchronization
import Testing

@testable import Access

@Suite("Access rules")
struct PolicyTests {
    private let secret = "0123456789abcdef0123456789abcdef"

    private func request(
        _ headers: [(String, String)] = [],
        query: [(String, String)] = [],
        target: String = "/a"
    ) -> AccessRequest {
        AccessRequest(
            method: "GET",
            target: target,
            headers: headers.map { (name: $0.0, value: $0.1) },
            query: query.map { (name: $0.0, value: $0.1) },
            address: "192.0.2.1",
            network: "192.0.2.1",
            isSecure: false
        )
    }

    private func passwords() throws -> PasswordGate {
        PasswordGate(users: try Htpasswd("ada:\(HtpasswdTests.hashes[0])".utf8), workers: PasswordWorkers())
    }

    private func tokens() throws -> TokenVerifier {
        TokenVerifier(source: FixedTokenKeys(try TokenKeySet(secret: secret)))
    }

    private func basic(_ text: String) -> (String, String) {
        ("Authorization", "Basic " + Data(text.utf8).base64EncodedString())
    }

    private var token: String { Signer.hmac(#"{"sub":"ada"}"#, secret: secret) }

    @Test("without credentials ask for those that they take")
    func challenges() async throws {
        let policy = AccessPolicy(passwords: try passwords(), tokens: try tokens(), realm: "Scores")
        #expect(
            await policy.decide(request())
                == .denied(
                    AccessDenial(
                        .unauthenticated(challenges: [
                            #"Basic realm="Scores", charset="UTF-8""#, #"Bearer realm="Scores""#,
                        ]),
                        reason: "no credentials"
                    )
                )
        )
    }

    @Test("let in by password, and only the right one")
    func passwordsDecide() async throws {
        let policy = AccessPolicy(passwords: try passwords())
        let ada = AccessDecision.admitted(ClientIdentity(user: "ada"))
        for _ in 0..<2 {
            #expect(await policy.decide(request([basic("ada:correct horse")])) == ada)
            for wrong in ["ada:wrong", "eve:correct horse", ":", "ada", "ada:correct horse\0"] {
                #expect(await policy.decide(request([basic(wrong)])) != ada, "\(wrong)")
            }
        }
        #expect(await policy.decide(request([basic("ada:correct horse"), basic("ada:correct horse")])) != ada)
    }

    @Test("find a token wherever a client may put it")
    func tokenPlaces() async throws {
        let policy = AccessPolicy(tokens: try tokens(), cookie: "session")
        let ada = AccessDecision.admitted(ClientIdentity(user: "ada"))
        for headers in [
            [("Authorization", "Bearer \(token)")], [("authorization", "bearer   \(token) ")],
            [("Cookie", "a=b; session=\(token)")], [("Cookie", "a=b"), ("cookie", "session=\"\(token)\"")],
            [("Sec-WebSocket-Protocol", "pushbridge.v1, bearer.\(token)")],
            [("Sec-WebSocket-Protocol", "access_token, \(token)")],
            [("Sec-WebSocket-Protocol", token)],
        ] {
            #expect(await policy.decide(request(headers)) == ada, "\(headers)")
        }
        #expect(await policy.decide(request(query: [("access_token", token)])) == ada)
        for headers in [
            [("Cookie", "access_token=\(token)")], [("Cookie", "session")], [("Authorization", token)],
            [("Authorization", "Bearer")], [("Authorization", "Bearer ")], [("X-Token", token)],
            [("Authorization", "Bearer wrong"), ("Cookie", "session=\(token)")],
        ] {
            #expect(await policy.decide(request(headers)) != ada, "\(headers)")
        }
    }

    @Test("take a password or a token where both will do")
    func either() async throws {
        let policy = AccessPolicy(passwords: try passwords(), tokens: try tokens())
        let ada = AccessDecision.admitted(ClientIdentity(user: "ada"))
        #expect(await policy.decide(request([basic("ada:correct horse")])) == ada)
        #expect(await policy.decide(request([("Authorization", "Bearer \(token)")])) == ada)
        // A wrong password is not made good by a token that the browser adds.
        #expect(await policy.decide(request([basic("ada:x"), ("Cookie", "access_token=\(token)")])) != ada)
    }

    @Test("that look for a claim say 403 to a good token without it")
    func claims() async throws {
        let verifier = TokenVerifier(
            source: FixedTokenKeys(try TokenKeySet(secret: secret)),
            claims: [RequiredClaim(name: "role", values: [.text("admin")])]
        )
        let decision = await AccessPolicy(tokens: verifier).decide(request([("Authorization", "Bearer \(token)")]))
        guard case .denied(let denial) = decision else {
            Issue.record("admitted")
            return
        }
        #expect(denial.answer == .forbidden)
        #expect(denial.reason.contains("role"))
    }

    @Test("answer the subprotocol that is no token")
    func subprotocols() {
        #expect(SubprotocolToken.split(["a", "bearer"]) == (["a", "bearer"], nil))
        #expect(SubprotocolToken.split(["pushbridge.v1", "bearer.\(token)"]) == (["pushbridge.v1"], nil))
        #expect(SubprotocolToken.split(["access_token", token]) == ([], "access_token"))
        #expect(SubprotocolToken.split([token]) == ([], token))
    }

    // MARK: Sub-requests

    private final class Server: Sendable {
        private let state = Mutex<(status: Int, headers: [(String, String)], asked: [AccessFetch])>((200, [], []))

        var asked: [AccessFetch] { state.withLock { $0.asked } }

        func answer(_ status: Int, _ headers: [(String, String)] = []) {
            state.withLock { ($0.status, $0.headers) = (status, headers) }
        }

        func gate(cache: Duration = .seconds(60)) -> SubrequestGate {
            SubrequestGate(url: "http://auth/", timeout: .seconds(1), cacheTime: cache) { fetch in
                self.state.withLock { state in
                    state.asked.append(fetch)
                    return AccessAnswer(
                        status: state.status,
                        headers: state.headers.map { (name: $0.0, value: $0.1) }
                    )
                }
            }
        }
    }

    private func answer(_ decision: AccessDecision) -> AccessDenial.Answer? {
        if case .denied(let denial) = decision { denial.answer } else { nil }
    }

    @Test("ask another server, and do what it says")
    func subrequests() async throws {
        let server = Server()
        let policy = AccessPolicy(subrequest: server.gate(cache: .zero))
        server.answer(204, [("Remote-User", "ada")])
        #expect(await policy.decide(request()) == .admitted(ClientIdentity(user: "ada")))
        server.answer(401, [("WWW-Authenticate", "Digest x")])
        #expect(answer(await policy.decide(request())) == .unauthenticated(challenges: ["Digest x"]))
        for status in [301, 302, 403, 404] {
            server.answer(status)
            #expect(answer(await policy.decide(request())) == .forbidden)
        }
        for status in [500, 503] {
            server.answer(status)
            #expect(answer(await policy.decide(request())) == .undecided(retryAfter: 5))
        }
    }

    @Test("tell that server who asks for what, and let no client say it for them")
    func question() async throws {
        let server = Server()
        let policy = AccessPolicy(subrequest: server.gate())
        let headers = [
            ("Host", "bridge.example"), ("Cookie", "a=b"), ("X-Api-Key", "k"), ("Upgrade", "websocket"),
            ("Connection", "Upgrade"), ("Sec-WebSocket-Key", "x"), ("X-Forwarded-For", "10.0.0.1"),
            ("X-Original-URI", "/public"), ("Range", "bytes=0-1"), ("Remote-User", "root"), ("Content-Length", "5"),
            // What a server with CGI's names of headers cannot tell from these.
            ("X_Forwarded_For", "10.0.0.1"), ("X_Original-URI", "/public"), ("remote_user", "root"),
            ("X_Real_IP", "10.0.0.1"),
        ]
        _ = await policy.decide(request(headers, target: "/a?b=c"))
        let asked = try #require(server.asked.first)
        let sent = asked.headers.map { "\($0.name): \($0.value)" }
        #expect(
            Set(sent) == [
                "Cookie: a=b", "X-Api-Key: k", "X-Original-Method: GET", "X-Original-URI: /a?b=c",
                "X-Forwarded-Method: GET", "X-Forwarded-Uri: /a?b=c", "X-Forwarded-Proto: http",
                "X-Forwarded-Host: bridge.example", "X-Forwarded-For: 192.0.2.1", "X-Real-IP: 192.0.2.1",
            ]
        )
        #expect(sent.count == 10)
    }

    @Test("remember an answer for the same question alone, and no failure")
    func cache() async throws {
        let server = Server()
        let policy = AccessPolicy(subrequest: server.gate())
        for _ in 0..<3 { _ = await policy.decide(request([("Cookie", "ada")])) }
        #expect(server.asked.count == 1)
        _ = await policy.decide(request([("Cookie", "eve")]))
        _ = await policy.decide(request([("Cookie", "ada")], target: "/b"))
        #expect(server.asked.count == 3)
        server.answer(403)
        for _ in 0..<3 { _ = await policy.decide(request([("Cookie", "x")])) }
        #expect(server.asked.count == 4)
        server.answer(500)
        for _ in 0..<2 { _ = await policy.decide(request([("Cookie", "y")])) }
        #expect(server.asked.count == 6)
        server.answer(200, [("Cache-Control", "private, no-store")])
        for _ in 0..<2 { _ = await policy.decide(request([("Cookie", "z")])) }
        #expect(server.asked.count == 8)
    }

    @Test("ask nobody else about somebody whose password is wrong")
    func order() async throws {
        let server = Server()
        let policy = AccessPolicy(passwords: try passwords(), subrequest: server.gate())
        _ = await policy.decide(request([basic("ada:wrong")]))
        #expect(server.asked.isEmpty)
        let both = await policy.decide(request([basic("ada:correct horse")]))
        #expect(both == .admitted(ClientIdentity(user: "ada")))
        #expect(server.asked.count == 1)
    }

    // MARK: Bounds

    @Test("check no more passwords at once than they may, and say so to the others")
    func busy() async throws {
        let workers = PasswordWorkers(threads: 2, maximum: 2, maximumPerNetwork: 1)
        let gate = DispatchSemaphore(value: 0)
        let (started, continuation) = AsyncStream.makeStream(of: Void.self)
        var starts = started.makeAsyncIterator()
        let work: @Sendable () -> Bool = {
            continuation.yield()
            gate.wait()
            return true
        }
        let first = Task { await workers.run(for: "a", work) }
        _ = await starts.next()
        #expect(await workers.run(for: "a") { true } == nil)
        let second = Task { await workers.run(for: "b", work) }
        _ = await starts.next()
        #expect(await workers.run(for: "c") { true } == nil)
        gate.signal()
        gate.signal()
        #expect(await first.value == true)
        #expect(await second.value == true)
        #expect(await workers.run(for: "a") { true } == true)
    }

    /// Keeps the workers busy for a client until it is signalled.
    private func occupy(_ workers: PasswordWorkers, for network: String) async -> (
        DispatchSemaphore, Task<Bool?, Never>
    ) {
        let gate = DispatchSemaphore(value: 0)
        let (started, continuation) = AsyncStream.makeStream(of: Void.self)
        let work = Task {
            await workers.run(for: network) {
                continuation.yield()
                gate.wait()
                return true
            }
        }
        for await _ in started { break }
        return (gate, work)
    }

    @Test("forget no right password for the wrong ones that strangers try")
    func guesses() async throws {
        let workers = PasswordWorkers(threads: 1, maximum: 1)
        let users = try Htpasswd("ada:{SHA}L55TUjtiq8FBorTWAZ0jy6g129A=".utf8)
        let policy = AccessPolicy(passwords: PasswordGate(users: users, workers: workers))
        let ada = AccessDecision.admitted(ClientIdentity(user: "ada"))
        #expect(await policy.decide(request([basic("ada:correct horse")])) == ada)
        for number in 0..<4200 { _ = await policy.decide(request([basic("ada:\(number)")])) }
        // Nothing can be checked now.
        let (gate, work) = await occupy(workers, for: "192.0.2.9")
        #expect(answer(await policy.decide(request([basic("ada:new")]))) == .undecided(retryAfter: 1))
        #expect(await policy.decide(request([basic("ada:correct horse")])) == ada)
        gate.signal()
        #expect(await work.value == true)
    }

    @Test("count all addresses of a client's network as one")
    func network() async throws {
        let workers = PasswordWorkers(threads: 1, maximum: 8, maximumPerNetwork: 1)
        let policy = AccessPolicy(passwords: PasswordGate(users: try Htpasswd([]), workers: workers))
        let (gate, work) = await occupy(workers, for: "2001:db8::")
        let request = AccessRequest(
            method: "GET",
            target: "/a",
            headers: [basic("ada:x")],
            query: [],
            address: "2001:db8::7",
            network: "2001:db8::",
            isSecure: false
        )
        #expect(answer(await policy.decide(request)) == .undecided(retryAfter: 1))
        gate.signal()
        #expect(await work.value == true)
    }
}
