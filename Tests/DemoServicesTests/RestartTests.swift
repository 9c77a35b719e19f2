import Foundation
import Logging
import NIOPosix
import Testing

@testable import DemoServices

@Suite("Starting and stopping")
struct RestartTests {
    @Test("the legacy API can be taken down and brought back on the same port, counters kept")
    func restart() async throws {
        try await withServices { services in
            let port = services.legacyPort
            #expect(try await HTTPExchange(port: port, "/legacy/leagues").status == 200)
            let open = try await RawConnection.open(port: port)
            try await open.send("GET /legacy/leagues HTTP/1.1\r\nHost: x\r\n\r\n")
            try await open.wait(for: "Premier Division")

            await services.stopLegacy()
            await services.stopLegacy()
            _ = try await open.waitForEnd()
            await #expect(throws: (any Error).self) { try await RawConnection.open(port: port) }

            try await services.startLegacy()
            try await services.startLegacy()
            #expect(services.legacyPort == port)
            #expect(try await HTTPExchange(port: port, "/legacy/leagues").status == 200)
            let statistics = try await HTTPExchange(port: port, "/legacy/stats")
            #expect(String(decoding: statistics.body, as: UTF8.self).contains("\"requests\":3"))
        }
    }

    @Test("a port that is taken is reported with the service's name, and nothing stays bound")
    func portTaken() async throws {
        try await withServices { services in
            let error = await #expect(throws: DemoServicesError.self) {
                try await DemoServices.start(
                    legacyPort: 0,
                    echoPort: 0,
                    chatPort: services.echoPort,
                    group: MultiThreadedEventLoopGroup.singleton,
                    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
                )
            }
            #expect(error?.service == "TCP chat")
            #expect(error?.port == services.echoPort)
            let legacyError = await #expect(throws: DemoServicesError.self) {
                try await DemoServices.start(
                    legacyPort: services.legacyPort,
                    echoPort: 0,
                    chatPort: 0,
                    group: MultiThreadedEventLoopGroup.singleton,
                    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
                )
            }
            #expect(legacyError?.service == "legacy API")
        }
    }

    @Test("stopping closes open connections and frees the ports")
    func stop() async throws {
        try await withServices { services in
            let echo = try await RawConnection.open(port: services.echoPort)
            let chat = try await RawConnection.open(port: services.chatPort)
            try await echo.send("x")
            try await echo.wait(for: "x")
            try await chat.wait(for: "Welcome")
            try await services.stop()
            _ = try await echo.waitForEnd()
            _ = try await chat.waitForEnd()
            for port in [services.legacyPort, services.echoPort, services.chatPort] {
                await #expect(throws: (any Error).self) { try await RawConnection.open(port: port) }
            }
        }
    }
}
