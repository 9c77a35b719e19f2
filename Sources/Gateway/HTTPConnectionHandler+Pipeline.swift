import NIOCore
import NIOHTTP1
import NIOHTTP2

/// The handlers between a connection and its requests.
extension HTTPConnectionHandler {
    /// Of this handler in its pipeline.
    static let name = "connection"

    /// What its request and answer are framed by.
    var httpProtocol: ConnectionInfo.HTTPProtocol { stream == nil ? .http1 : .http2 }

    /// Has Swift's runtime look up the types of a pipeline once, before event loops do so in the same moment: with the thread
    /// sanitizer it (6.3) once read a type there that another loop had not finished.
    static func prepareTypes() {
        _ = ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes))
        _ = HTTPServerPipelineHandler()
        _ = HTTPResponseEncoder()
        _ = HTTP2FramePayloadToHTTP1ServerCodec()
    }

    /// Puts the HTTP handlers on a new connection.
    ///
    /// - Parameter hasCodec: false where it is not known yet that HTTP/1.1 is spoken; ``addCodec(to:position:)`` follows then.
    static func configure(
        _ channel: any Channel,
        gateway: GatewayLoop,
        admission: Admission,
        isSecure: Bool = false,
        hasCodec: Bool = true
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        if hasCodec { try addCodec(to: pipeline, position: .last) }
        try pipeline.addHandler(
            HTTPConnectionHandler(gateway: gateway, admission: admission, isSecure: isSecure),
            name: name
        )
    }

    static func addCodec(
        to pipeline: ChannelPipeline.SynchronousOperations,
        position: ChannelPipeline.SynchronousOperations.Position
    ) throws {
        var framing = HTTPResponseEncoder.Configuration()
        // Every answer says its own length, or is a stream that ends with the connection.
        framing.automaticallySetFramingHeaders = false
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = 16 * 1024
        limits.maxHeaderListSize = 64 * 1024
        limits.maxHeaderFieldCount = 128
        let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits)
        try pipeline.addHandler(
            HTTPResponseEncoder(configuration: framing),
            name: "encoder",
            position: position
        )
        try pipeline.addHandler(ByteToMessageHandler(decoder), name: "decoder", position: position)
        try pipeline.addHandler(HTTPServerPipelineHandler(), name: "pipelining", position: position)
    }

    /// Puts the handlers of one request on a stream of an HTTP/2 connection, which has TLS below.
    static func configureStream(_ channel: some Channel, gateway: GatewayLoop, admission: Admission) throws {
        let pipeline = channel.pipeline.syncOperations
        let stream = HTTP2StreamHandler()
        try pipeline.addHandler(stream, name: type(of: channel).backlogName)
        try pipeline.addHandler(HTTP2FramePayloadToHTTP1ServerCodec())
        try pipeline.addHandler(
            HTTPConnectionHandler(gateway: gateway, admission: admission, isSecure: true, stream: stream)
        )
    }
}
