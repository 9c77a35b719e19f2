import CCurl
import Glibc

/// The thread that everything of libcurl's runs on.
enum PollingThread {
    /// Runs `body` on a thread of its own.
    static func start(_ body: @escaping @Sendable () -> Void) throws(PollerError) -> pthread_t {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(Body(run: body))
        let result = pthread_create(
            &thread,
            nil,
            { context in
                guard let context else { return nil }
                let body = Unmanaged<Body>.fromOpaque(context).takeRetainedValue()
                ccurl_name_thread("polling")
                PollingThread.blockSignals()
                body.run()
                return nil
            },
            context.toOpaque()
        )
        guard result == 0 else {
            context.release()
            throw .noThread(errno: result)
        }
        return thread
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }

    /// Signals of the process are for other threads. SIGPIPE must not arrive here either: with CURLOPT_NOSIGNAL libcurl
    /// leaves it alone, and OpenSSL writes without MSG_NOSIGNAL. What the thread itself brings about stays deliverable.
    private static func blockSignals() {
        var signals = sigset_t()
        sigfillset(&signals)
        for own in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT] { sigdelset(&signals, own) }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }
}
