import NIOCore
import Synchronization

/// All rooms of the process. An empty room with a history is kept for a while, for those who come back. Thread-safe.
package final class RoomRegistry: Sendable {
    private struct State {
        var rooms: [String: Room] = [:]
        var routes: [String: RouteRooms] = [:]
        /// Whether something will look for rooms whose time has come.
        var hasTimer = false

        mutating func forget(_ room: Room) {
            rooms[room.name] = nil
            routes[room.route]?.count -= 1
            if routes[room.route]?.count == 0 { routes[room.route] = nil }
        }
    }

    /// What one route has.
    private struct RouteRooms {
        var count = 0
        var empty = EmptyRooms()
    }

    private let state = Mutex(State())
    private static let linger = TimeAmount.minutes(10)

    package init() {}

    /// Attaches a new shard of an event loop to its room, which is made where there is none. An empty room of the route
    /// is forgotten for a new one.
    ///
    /// - Parameters:
    ///   - route: the path of the route that counts the room.
    ///   - bounds: on the room's history.
    ///   - maximum: of the route's rooms.
    func join(
        name: String,
        route: String,
        bounds: Room.HistoryBounds,
        maximum: Int,
        makeShard: (Room) -> RoomShard.Reference
    ) throws(RoomRefusal) -> RoomShard.Reference {
        let result = state.withLock { state -> Result<RoomShard.Reference, RoomRefusal> in
            let room: Room
            if let known = state.rooms[name] {
                room = known
                state.routes[room.route]?.empty.remove(room)
            } else {
                while state.routes[route]?.count ?? 0 >= maximum {
                    guard let oldest = state.routes[route]?.empty.removeOldest() else {
                        return .failure(.tooManyRooms(limit: maximum))
                    }
                    state.forget(oldest)
                }
                room = Room(name: name, route: route, bounds: bounds)
                state.rooms[name] = room
                state.routes[route, default: RouteRooms()].count += 1
            }
            let reference = makeShard(room)
            room.attach(reference, bounds: bounds)
            return .success(reference)
        }
        return try result.get()
    }

    /// The loop has no members in the room any more.
    func leave(_ room: Room, loop: any EventLoop) {
        guard room.detach(loop) else { return }
        state.withLock { state in
            // Somebody may have come meanwhile, or have left it too.
            guard state.rooms[room.name] === room, room.isEmpty else { return }
            let bytes = room.forgetEncodings()
            guard bytes > 0 else {
                state.routes[room.route]?.empty.remove(room)
                state.forget(room)
                return
            }
            state.routes[room.route]?.empty.add(room, bytes: bytes, until: loop.now + Self.linger)
            while state.routes[room.route]?.empty.bytes ?? 0 > EmptyRooms.maximumBytes,
                let oldest = state.routes[room.route]?.empty.removeOldest()
            {
                state.forget(oldest)
            }
            setTimer(&state, on: loop)
        }
    }

    private func setTimer(_ state: inout State, on loop: any EventLoop) {
        var next: NIODeadline?
        for route in state.routes.keys {
            guard let deadline = state.routes[route]?.empty.nextDeadline() else { continue }
            next = min(next ?? deadline, deadline)
        }
        guard !state.hasTimer, let next else { return }
        state.hasTimer = true
        loop.scheduleTask(deadline: next) { self.forgetExpired(on: loop) }
    }

    private func forgetExpired(on loop: any EventLoop) {
        state.withLock { state in
            state.hasTimer = false
            for route in state.routes.keys {
                while let room = state.routes[route]?.empty.removeExpired(at: loop.now) { state.forget(room) }
            }
            setTimer(&state, on: loop)
        }
    }
}
