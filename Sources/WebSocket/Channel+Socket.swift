import NIOCore

extension Channel {
    /// Whether it has the options of a socket. A stream of an HTTP/2 connection ends the process where it is asked for one
    /// that it does not know (`getOption0` of NIOHTTP2's `HTTP2StreamChannel`).
    package var isSocket: Bool { self is any SocketOptionProvider }
}
