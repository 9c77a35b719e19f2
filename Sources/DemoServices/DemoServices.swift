import Logging
import NIOCore
import Synchronization

/// What stands behind the bridge in the demo and in the tests: a legacy scoreboard API over HTTP, a TCP echo and a TCP
/// line chat. All three run on the event loops they are given and listen on one host.
package final class DemoServices: Sendable {
    /// How the services behave. The defaults are those of the demo.
    package struct Options: Sendable {
        /// The same seed gives the same matches, counted from the start.
        package var seed: UInt64
        /// How long one match minute takes, in milliseconds (1 or more). Gaps between goals follow it.
        package var minuteLength: Int
        /// How long the legacy API takes for an answer, in milliseconds: a random value within these bounds.
        package var answerDelay: ClosedRange<Int>

        /// Values outside the bounds named at the properties are brought to the nearest bound.
        package init(seed: UInt64 = 20_26, minuteLength: Int = 2_000, answerDelay: ClosedRange<Int> = 20...60) {
            self.seed = seed
            self.minuteLength = max(1, minuteLength)
            self.answerDelay = max(0, answerDelay.lowerBound)...max(0, answerDelay.upperBound)
        }
    }

    private enum Legacy {
        case stopped
        case changing
        case running(LegacyServer)
    }

    /// The address that all services listen on, as given to ``start(host:legacyPort:echoPort:chatPort:group:options:logger:)``.
    package let host: String
    /// The port of the legacy HTTP API: the real one where 0 was asked. It stays the same across
    /// ``stopLegacy()`` and ``startLegacy()``.
    package let legacyPort: Int
    /// The port of the TCP echo: the real one where 0 was asked.
    package var echoPort: Int { echo.port }
    /// The port of the TCP line chat: the real one where 0 was asked.
    package var chatPort: Int { chat.port }

    private let api: LegacyAPI
    private let group: any EventLoopGroup
    private let logger: Logger
    private let legacy: Mutex<Legacy>
    private let echo: TCPService
    private let chat: TCPService

    private init(
        host: String,
        api: LegacyAPI,
        server: LegacyServer,
        echo: TCPService,
        chat: TCPService,
        group: any EventLoopGroup,
        logger: Logger
    ) {
        self.host = host
        self.api = api
        self.group = group
        self.logger = logger
        self.legacy = Mutex(.running(server))
        self.legacyPort = server.port
        self.echo = echo
        self.chat = chat
    }

    /// Starts all services; returns once every listener is bound.
    ///
    /// - Parameters:
    ///   - host: Where to listen.
    ///   - legacyPort: Port of the legacy API; 0 lets the system choose.
    ///   - echoPort: Port of the echo; 0 lets the system choose.
    ///   - chatPort: Port of the chat; 0 lets the system choose.
    ///   - group: Where the services run. It must outlive them; it is not shut down by them.
    ///   - options: How the services behave.
    ///   - logger: Where they report.
    /// - Throws: ``DemoServicesError`` where a listener cannot be bound; what was bound before is closed again.
    package static func start(
        host: String = "127.0.0.1",
        legacyPort: Int,
        echoPort: Int,
        chatPort: Int,
        group: any EventLoopGroup,
        options: Options = Options(),
        logger: Logger
    ) async throws -> DemoServices {
        let api = LegacyAPI(options: options)
        let server = try await LegacyServer.start(api: api, host: host, port: legacyPort, group: group, logger: logger)
        do {
            let echo = try await TCPService.startEcho(host: host, port: echoPort, group: group)
            do {
                let chat = try await TCPService.startChat(host: host, port: chatPort, group: group)
                return DemoServices(
                    host: host,
                    api: api,
                    server: server,
                    echo: echo,
                    chat: chat,
                    group: group,
                    logger: logger
                )
            } catch {
                await echo.stop()
                throw error
            }
        } catch {
            await server.stop()
            throw error
        }
    }

    /// Stops all services and closes their connections; returns once everything is closed. Calling it again does
    /// nothing.
    package func stop() async throws {
        await stopLegacy()
        await echo.stop()
        await chat.stop()
    }

    /// Takes the legacy API down as a crash would: the listener and all connections close, answers under way are lost.
    /// Does nothing where it is down already.
    package func stopLegacy() async {
        let running = legacy.withLock { state -> LegacyServer? in
            guard case .running(let server) = state else { return nil }
            state = .changing
            return server
        }
        guard let running else { return }
        await running.stop()
        legacy.withLock { $0 = .stopped }
    }

    /// Brings the legacy API back on the same port, its matches having gone on meanwhile and its counters kept. Does
    /// nothing where it is up.
    ///
    /// - Throws: ``DemoServicesError`` where the port was taken meanwhile; the API then stays down.
    package func startLegacy() async throws {
        let mayStart = legacy.withLock { state in
            guard case .stopped = state else { return false }
            state = .changing
            return true
        }
        guard mayStart else { return }
        do {
            let server = try await LegacyServer.start(
                api: api,
                host: host,
                port: legacyPort,
                group: group,
                logger: logger
            )
            legacy.withLock { $0 = .running(server) }
        } catch {
            legacy.withLock { $0 = .stopped }
            throw error
        }
    }
}
