import NIOCore

/// Who is called by a `TimerWheel`; one deadline at a time.
package protocol TimerWheelClient: AnyObject {
    /// Kept for the wheel, which alone writes it; nil while nothing is set.
    var timerPlace: TimerWheel.Place? { get set }
    /// The deadline has passed. Nothing is set any more.
    func timerFired()
}

/// The deadlines of many connections of one event loop, with one timer of the loop for all of them.
///
/// Of NIO's own timers each takes some hundred bytes, and cancelling one looks through all of the loop. Here setting and
/// cancelling cost the same however many there are. Deadlines are rounded up to `resolution`. Belongs to its event loop.
package final class TimerWheel {
    /// Where a client stands.
    package struct Place {
        fileprivate var tick: Int64
        fileprivate var index: Int32
    }

    /// How much later than asked a client may be called.
    package static let resolution = TimeAmount.milliseconds(50)

    private let loop: any EventLoop
    private var clients: [Int64: ContiguousArray<any TimerWheelClient>] = [:]
    private var alarm: (tick: Int64, callback: NIOScheduledCallback)?
    /// Those up to here have been called or are being called.
    private var lastTick = Int64.min

    package init(loop: any EventLoop) {
        self.loop = loop
    }

    /// Has the client called at `deadline`, instead of at the time that was set before.
    package func set(_ client: any TimerWheelClient, at deadline: NIODeadline) {
        self.remove(client)
        let resolution = Self.resolution.nanoseconds
        let nanoseconds = min(Int64(clamping: deadline.uptimeNanoseconds), .max - resolution)
        let tick = max(nanoseconds / resolution + (nanoseconds % resolution == 0 ? 0 : 1), self.lastTick + 1)
        client.timerPlace = Place(tick: tick, index: Int32(self.clients[tick]?.count ?? 0))
        self.clients[tick, default: []].append(client)
        if let alarm, alarm.tick <= tick { return }
        self.setAlarm(tick)
    }

    /// Forgets what was set for the client. Harmless where nothing is.
    package func cancel(_ client: any TimerWheelClient) {
        self.remove(client)
        guard self.clients.isEmpty else { return }
        self.alarm?.callback.cancel()
        self.alarm = nil
    }

    private func remove(_ client: any TimerWheelClient) {
        guard let place = client.timerPlace else { return }
        client.timerPlace = nil
        // Of those that are being called now, the wheel has let go already.
        guard let last = self.clients[place.tick]?.popLast() else { return }
        if last !== client {
            self.clients[place.tick]?[Int(place.index)] = last
            last.timerPlace = place
        }
        if self.clients[place.tick]?.isEmpty == true { self.clients[place.tick] = nil }
    }

    private func setAlarm(_ tick: Int64) {
        self.alarm?.callback.cancel()
        // Fails only on an event loop that is shutting down; its channels are closed anyway.
        let callback = try? self.loop.scheduleCallback(
            at: .uptimeNanoseconds(UInt64(tick * Self.resolution.nanoseconds)),
            handler: Alarm(wheel: NIOLoopBound(self, eventLoop: self.loop))
        )
        self.alarm = callback.map { (tick, $0) }
    }

    private func alarmFired() {
        self.alarm = nil
        let now = Int64(clamping: self.loop.now.uptimeNanoseconds) / Self.resolution.nanoseconds
        for tick in self.clients.keys.filter({ $0 <= now }).sorted() {
            self.lastTick = tick
            for client in self.clients.removeValue(forKey: tick) ?? [] where client.timerPlace?.tick == tick {
                client.timerPlace = nil
                client.timerFired()
            }
        }
        if let next = self.clients.keys.min(), self.alarm.map({ next < $0.tick }) ?? true { self.setAlarm(next) }
    }

    /// Small enough to be stored without an allocation of its own.
    private struct Alarm: NIOScheduledCallbackHandler, Sendable {
        let wheel: NIOLoopBound<TimerWheel>

        func handleScheduledCallback(eventLoop: some EventLoop) {
            self.wheel.value.alarmFired()
        }
    }
}
