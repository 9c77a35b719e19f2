import CCurl
import Glibc

/// The multi handle, driven by epoll: curl_multi_socket_action as https://curl.se/libcurl/c/curl_multi_socket_action.html
/// has it. Belongs to the polling thread.
final class CurlLoop {
    private let multi: UnsafeMutableRawPointer
    private let epoll: Int32
    private let wakeUp: Int32
    /// When libcurl wants to be called without a socket's event.
    private var deadline: Moment?
    private var interests: [Interest] = []
    private var isShut = false
    private let events = UnsafeMutablePointer<ccurl_event>.allocate(capacity: Int(CCURL_EVENTS_AT_ONCE))

    /// What is watched on a descriptor. The generation tells apart a socket from an earlier one with the same number,
    /// whose event may still be in the batch at hand.
    private struct Interest {
        var events: UInt32 = 0
        var generation: UInt32 = 0
    }

    private static let wakeUpKey = UInt64.max

    /// Once per process, before any other call (libcurl, "Global preparation").
    private static let isLibraryReady: Bool = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK

    /// `wakeUp` is an eventfd that ends a `wait` early. Throws where descriptors or memory are short.
    init(wakeUp: Int32, connectionsPerHost: Int) throws(PollerError) {
        guard Self.isLibraryReady, let multi = curl_multi_init() else { throw .libcurlUnavailable }
        self.multi = multi
        self.wakeUp = wakeUp
        epoll = ccurl_epoll_create()
        guard epoll >= 0, ccurl_epoll_add(epoll, wakeUp, ccurl_epoll_read_event(), Self.wakeUpKey) == 0 else {
            let number = errno
            curl_multi_cleanup(multi)
            if epoll >= 0 { close(epoll) }
            events.deallocate()
            throw .noDescriptor(errno: number)
        }
        let context = Unmanaged.passUnretained(self).toOpaque()
        _ = ccurl_multi_set_socket_callback(
            multi,
            { _, socket, what, context, _ in
                guard let context else { return 0 }
                Unmanaged<CurlLoop>.fromOpaque(context).takeUnretainedValue().watch(socket, what)
                return 0
            },
            context
        )
        _ = ccurl_multi_set_timer_callback(
            multi,
            { _, milliseconds, context in
                guard let context else { return 0 }
                let loop = Unmanaged<CurlLoop>.fromOpaque(context).takeUnretainedValue()
                loop.deadline = milliseconds < 0 ? nil : .now() + Nanoseconds(milliseconds) * .millisecond
                return 0
            },
            context
        )
        _ = ccurl_multi_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
        _ = ccurl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, connectionsPerHost)
        // Idle connections kept: the default is four times the transfers under way, which between two ticks is none.
        _ = ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, 1024)
        ccurl_multi_never_wait_for_resolver(multi)
    }

    deinit { shut() }

    /// Closes all connections. Every transfer must have been removed, and nothing may be called after this.
    func shut() {
        guard !isShut else { return }
        isShut = true
        curl_multi_cleanup(multi)
        close(epoll)
        events.deallocate()
    }

    func add(_ transfer: Transfer) -> CURLMcode { curl_multi_add_handle(multi, transfer.easy) }

    func remove(_ transfer: Transfer) { curl_multi_remove_handle(multi, transfer.easy) }

    /// The next transfer that is done; it must be removed before it is used again.
    func nextDone() -> (transfer: Transfer, result: CURLcode)? {
        var result = CURLE_OK
        guard let easy = ccurl_multi_next_done(multi, &result), let context = ccurl_easy_get_private(easy) else {
            return nil
        }
        return (Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue(), result)
    }

    /// Waits for events, at most until `moment`, and lets libcurl work on them.
    func wait(until moment: Moment?) {
        let next = moment.map { min($0, deadline ?? $0) } ?? deadline
        let count = ccurl_epoll_wait(epoll, events, next.map(Self.milliseconds(until:)) ?? -1)
        precondition(count >= 0, "the polling thread's epoll descriptor was closed by other code")
        for index in 0..<Int(count) {
            let event = events[index]
            if event.key == Self.wakeUpKey {
                ccurl_eventfd_clear(wakeUp)
                continue
            }
            let socket = Int(event.key & 0xFFFF_FFFF)
            guard interests[socket].generation == UInt32(event.key >> 32) else { continue }
            ccurl_multi_socket_ready(multi, Int32(socket), event.events)
        }
        if let deadline, deadline <= .now() {
            self.deadline = nil
            ccurl_multi_timed_out(multi)
        }
    }

    /// Rounded up: an early call would find nothing due, and come back at once.
    private static func milliseconds(until moment: Moment) -> Int32 {
        let left = moment - .now()
        guard left > 0 else { return 0 }
        return Int32(min((left + .millisecond - 1) / .millisecond, 60_000))
    }

    private func watch(_ socket: Int32, _ what: Int32) {
        let index = Int(socket)
        if index >= interests.count {
            interests.append(contentsOf: repeatElement(Interest(), count: index + 1 - interests.count))
        }
        let wanted = ccurl_epoll_events(what)
        guard wanted != interests[index].events else { return }
        if wanted == 0 {
            // Fails where libcurl has closed the socket already, which took it out of epoll as well.
            _ = ccurl_epoll_remove(epoll, socket)
            interests[index].generation &+= 1
        } else {
            let key = UInt64(interests[index].generation) << 32 | UInt64(socket)
            let known = interests[index].events != 0 && ccurl_epoll_change(epoll, socket, wanted, key) == 0
            if !known { _ = ccurl_epoll_add(epoll, socket, wanted, key) }
        }
        interests[index].events = wanted
    }
}
