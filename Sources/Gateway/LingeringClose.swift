import NIOCore

/// Closes a connection so that the last answer arrives (RFC 9112 section 9.6): first only our side, the rest when the
/// client has closed its own or a second has passed. A full close with unread bytes would make the kernel send a reset,
/// and a reset can overtake the answer.
enum LingeringClose {
    /// To be called on the channel's event loop, when everything has been written.
    static func begin(on channel: any Channel) {
        channel.close(mode: .output, promise: nil)
        channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
    }
}
