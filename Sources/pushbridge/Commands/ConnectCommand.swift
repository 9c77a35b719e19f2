import ArgumentParser
import Foundation
import NIOCore
import NIOPosix
import PushbridgeClient

/// `pushbridge connect`.
struct ConnectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connect",
        abstract: "Reach a tunnel route with a program that speaks TCP or standard input and output.",
        discussion: """
            Without --listen the bytes of standard input go to the tunnel's backend, and the backend's to standard \
            output: as ssh's ProxyCommand, for example. With --listen every TCP connection to that address becomes a \
            tunnel of its own. HTTP_PROXY, HTTPS_PROXY and NO_PROXY are obeyed.

            Ends with 0 when the tunnel was closed with 1000, with 69 where it could not be opened or broke.
            """
    )

    @Argument(help: "The tunnel's URL: ws://, wss://, http:// or https://.")
    var url: String

    @Option(help: "Take TCP connections on this host:port; port 0 takes a free one.")
    var listen: String?

    @OptionGroup var headers: HeaderOptions

    @Option(help: "A subprotocol to ask for; may be repeated, in order of preference.")
    var subprotocol: [String] = []

    @Option(help: "A PEM file of the certificate authorities to trust in place of the system's.")
    var ca: String?

    func validate() throws {
        try checkWebSocketURL(url)
        if let listen, Self.address(listen) == nil {
            throw ValidationError("\"\(listen)\" is not an address: write host:port, such as 127.0.0.1:5433.")
        }
    }

    func run() async throws {
        if let address = listen.flatMap(Self.address) {
            // Two for each connection that is taken.
            OpenFiles.raiseLimit()
            try await TunnelForwarder(url: url, options: options).serve(host: address.host, port: address.port)
            return
        }
        let connection: ClientConnection
        do {
            connection = try await ClientConnection.connect(to: url, options: options)
        } catch {
            Output.error("pushbridge: \(error)")
            throw ExitStatus.unavailable
        }
        let closure = await StandardStreams().run(through: connection)
        guard closure.code == 1000 else {
            let reason = closure.reason.isEmpty ? "" : ": \(closure.reason)"
            Output.error("pushbridge: the tunnel was closed with \(closure.code)\(reason)")
            throw ExitStatus.unavailable
        }
    }

    private var options: ClientConnectionOptions {
        var options = ClientConnectionOptions()
        options.headers = headers.fields
        options.subprotocols = subprotocol
        options.certificateAuthorities = ca
        options.offersCompression = false
        options.streamsMessages = true
        return options
    }

    /// `host:port`, `[IPv6]:port`, or `:port` on 127.0.0.1.
    private static func address(_ text: String) -> (host: String, port: Int)? {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65535).contains(port)
        else { return nil }
        let host = text[..<colon].trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        return (host.isEmpty ? "127.0.0.1" : host, port)
    }
}
