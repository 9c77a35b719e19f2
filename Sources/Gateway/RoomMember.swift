import Topics

/// Someone who is in a room. Belongs to one event loop.
protocol RoomMember: AnyObject {
    /// How messages are encoded for it.
    var form: RoomMessage.Form { get }
    /// Takes the messages that it has missed, all at once: the room bounds them.
    func welcome(_ history: [Delivery.Body])
    /// Takes the next message.
    func deliver(_ body: Delivery.Body)
}
