import Foundation
import NIOCore
import NIOPosix
import PushbridgeClient

/// Standard input and output as the near end of a tunnel. They may be files, which epoll does not take: they are read
/// and written on threads that may block.
struct StandardStreams {
    private static let chunk = 64 * 1024

    /// Ends with the tunnel.
    func run(through connection: ClientConnection) async -> ClientClosure {
        let input = Task {
            while let bytes = await Self.read() {
                do { try await connection.send(binary: bytes) } catch { return }
            }
            connection.close()
        }
        for await message in connection.messages {
            let bytes: ByteBuffer
            switch message {
            case .text(let text): bytes = ByteBuffer(string: text)
            case .binary(let part): bytes = part
            }
            guard await Self.write(bytes) else {
                connection.close(code: 1000)
                break
            }
        }
        input.cancel()
        return await connection.closure()
    }

    /// nil at the end.
    private static func read() async -> ByteBuffer? {
        try? await NIOThreadPool.singleton.runIfActive {
            var buffer = ByteBufferAllocator().buffer(capacity: chunk)
            let count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: chunk) { pointer in
                var count: Int
                repeat {
                    count = Glibc.read(STDIN_FILENO, pointer.baseAddress, chunk)
                } while count < 0 && errno == EINTR
                return max(0, count)
            }
            return count > 0 ? buffer : nil
        }
    }

    /// False where nobody reads the output any more.
    private static func write(_ bytes: ByteBuffer) async -> Bool {
        (try? await NIOThreadPool.singleton.runIfActive {
            do {
                try FileHandle.standardOutput.write(contentsOf: Data(bytes.readableBytesView))
                return true
            } catch {
                return false
            }
        }) ?? false
    }
}
