import Testing

@testable import Systemd

@Suite("News for the service manager")
struct ServiceNotifierTests {
    @Test("several states are one datagram, to a path or to a name in the abstract space", arguments: [false, true])
    func send(abstract: Bool) throws {
        let receiver = try DatagramReceiver(abstract: abstract)
        let notifier = try #require(ServiceNotifier(environment: ["NOTIFY_SOCKET": receiver.path]))
        #expect(notifier.send(.ready, .status("serving")))
        #expect(receiver.next() == "READY=1\nSTATUS=serving")
        #expect(notifier.send(.reloading(monotonicMicroseconds: 12)))
        #expect(receiver.next() == "RELOADING=1\nMONOTONIC_USEC=12")
        #expect(notifier.send(.stopping))
        #expect(receiver.next() == "STOPPING=1")
        #expect(notifier.send(.watchdog))
        #expect(receiver.next() == "WATCHDOG=1")
    }

    @Test("a status cannot bring in another assignment")
    func statusIsOneLine() throws {
        let receiver = try DatagramReceiver()
        let notifier = try #require(ServiceNotifier(environment: ["NOTIFY_SOCKET": receiver.path]))
        notifier.send(.status("a\nMAINPID=1"))
        #expect(receiver.next() == "STATUS=a MAINPID=1")
    }

    @Test("the time of a reload is that of the monotonic clock")
    func time() {
        guard case .reloading(let first) = ServiceNotifier.State.reloadingNow,
            case .reloading(let second) = ServiceNotifier.State.reloadingNow
        else { return #expect(Bool(false)) }
        #expect(first > 0 && first <= second)
    }

    @Test("without a socket, or with one of another kind, there is nobody to tell")
    func nobody() {
        #expect(ServiceNotifier(environment: [:]) == nil)
        #expect(ServiceNotifier(environment: ["NOTIFY_SOCKET": ""]) == nil)
        #expect(ServiceNotifier(environment: ["NOTIFY_SOCKET": "vsock:2:1234"]) == nil)
    }

    @Test("a socket that has gone, or whose name is too long, takes nothing and does no harm")
    func gone() throws {
        #expect(ServiceNotifier(environment: ["NOTIFY_SOCKET": "/nowhere/notify"])?.send(.ready) == false)
        let long = "/" + String(repeating: "a", count: 200)
        #expect(ServiceNotifier(environment: ["NOTIFY_SOCKET": long])?.send(.ready) == false)
    }
}
