#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The compressors and decompressors of one thread, for messages that stand alone (no context takeover). They are made
/// on first use and die with the thread; connections borrow them for one message at a time, so that an idle
/// connection holds no zlib memory, and no lock is needed.
final class ThreadZlib {
    private struct DeflaterKey: Hashable {
        let windowBits: Int
        let settings: CompressionSettings
    }

    /// More than one only while several connections of the thread are in the middle of a compressed message.
    private static let maxIdleInflaters = 4

    private var deflaters: [DeflaterKey: RawDeflater] = [:]
    private var idleInflaters: [MessageInflater] = []

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        let status = pthread_key_create(&key) { pointer in
            #if canImport(Darwin)
                Unmanaged<ThreadZlib>.fromOpaque(pointer).release()
            #else
                if let pointer { Unmanaged<ThreadZlib>.fromOpaque(pointer).release() }
            #endif
        }
        precondition(status == 0, "no thread-specific key left")
        return key
    }()

    /// The instance of the calling thread; not to be handed to another.
    static var current: ThreadZlib {
        if let pointer = pthread_getspecific(self.key) {
            return Unmanaged<ThreadZlib>.fromOpaque(pointer).takeUnretainedValue()
        }
        let new = ThreadZlib()
        pthread_setspecific(self.key, Unmanaged.passRetained(new).toOpaque())
        return new
    }

    /// A compressor for one message, to be used at once and not kept. It has been reset.
    func deflater(windowBits: Int, settings: CompressionSettings) throws(WebSocketError) -> RawDeflater {
        let key = DeflaterKey(windowBits: windowBits, settings: settings)
        if let known = self.deflaters[key] {
            known.reset()
            return known
        }
        let new = try RawDeflater(windowBits: windowBits, settings: settings)
        self.deflaters[key] = new
        return new
    }

    /// A decompressor for one message, with the largest window, which suits every peer.
    func takeInflater() throws(WebSocketError) -> MessageInflater {
        if let idle = self.idleInflaters.popLast() { return idle }
        return try MessageInflater(windowBits: 15)
    }

    /// Gives back what `takeInflater` gave, at the end of the message.
    func giveBack(_ inflater: MessageInflater) {
        guard self.idleInflaters.count < ThreadZlib.maxIdleInflaters else { return }
        inflater.forgetEverything()
        self.idleInflaters.append(inflater)
    }
}
