/// Why a room cannot be had.
enum RoomRefusal: Error, Equatable, CustomStringConvertible {
    /// The route has as many rooms with members as its `maxRooms` allows.
    case tooManyRooms(limit: Int)

    var description: String {
        switch self {
        case .tooManyRooms(let limit): "this route already has \(limit) rooms, its limit (maxRooms)"
        }
    }
}
