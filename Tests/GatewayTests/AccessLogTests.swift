import Foundation
import NIOCore
import Testing

@testable import Gateway

@Suite("Writing the access log") struct AccessLogTests {
    @Test("while the output takes nothing nobody waits for it, and what there is no room for is counted")
    func stuckOutput() async throws {
        let pipe = Pipe()
        let queue = LogQueue(.json, output: pipe.fileHandleForWriting)
        let log = AccessLog(.json, queue: queue)
        let record = AccessRecord(
            ConnectionInfo(
                route: "/",
                transport: .http,
                address: "192.0.2.1",
                target: String(repeating: "a", count: 2000)
            ),
            ConnectionEnd(status: 200, received: 0, sent: 0)
        )
        // More than the pipe and the log together hold.
        let count = 5000
        for _ in 0..<count { log.write(record) }
        async let output = Self.contents(of: pipe.fileHandleForReading)
        await queue.flush(within: 60)
        try pipe.fileHandleForWriting.close()
        var (written, dropped) = (0, 0)
        for line in await output.split(separator: "\n") {
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            if let number = object["dropped"] as? Int { dropped += number } else { written += 1 }
        }
        #expect(dropped > 0)
        #expect(written + dropped == count)
    }

    private static func contents(of handle: FileHandle) async -> String {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(returning: String(decoding: handle.readDataToEndOfFile(), as: UTF8.self))
            }
        }
    }
}
