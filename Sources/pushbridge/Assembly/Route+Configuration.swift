import Access
import BridgeConfiguration
import Crypto
import Foundation
import Gateway
import JSONDelta
import Logging
import NIOCore
import Polling
import Topics
import WebSocket

extension Route {
    /// The gateway's view of a configured route.
    func gatewayRoute(
        _ configuration: BridgeConfiguration,
        policies: [AccessRules: AccessPolicy],
        poller: Poller,
        logger: Logger
    ) -> GatewayRoute {
        let service: GatewayRoute.Service =
            switch kind {
            case .poll(let poll):
                .poll(
                    PollService(poll, path: path.text, compression: compression.policy, poller: poller, logger: logger)
                )
            case .tunnel(let tunnel):
                .tunnel(TunnelService(tunnel, compression: compression.policy, path: path.text, logger: logger))
            case .channel(let channel): .channel(ChannelService(channel, compression: compression.policy))
            case .multiplex(let multiplex):
                .multiplex(
                    MultiplexService(
                        maximumSubscriptions: multiplex.maxSubscriptions,
                        compression: compression.policy
                    )
                )
            case .files(let files):
                .files(FilesService(root: files.root, prefix: path.folder, index: files.index, logger: logger))
            }
        let rules = access ?? configuration.access
        return GatewayRoute(
            pattern: RoutePattern(path, isFolder: kind.name == "files"),
            origins: OriginPolicy(rules.origins),
            access: policies[rules],
            service: service,
            ledger: ConnectionLedger(limits, rules),
            messageRate: limits.rate.map(MessageRateLimit.init)
        )
    }
}

extension ConnectionLedger {
    /// nil where the route has no limits of its own.
    fileprivate convenience init?(_ limits: RouteLimits, _ access: AccessRules) {
        guard limits.connections != nil || access.connectionsPerAddress != nil else { return nil }
        self.init(
            maximum: limits.connections ?? .max,
            maximumPerAddress: access.connectionsPerAddress ?? .max,
            place: "this route"
        )
    }
}

extension MessageRateLimit {
    fileprivate init(_ rate: MessageRate) {
        self.init(count: rate.count, period: TimeAmount(rate.period))
    }
}

extension IPNetwork {
    /// - Parameter range: its bytes are an address's.
    init?(_ range: AddressRange) {
        guard let address = IPAddress(bytes: range.bytes) else { return nil }
        self.init(address, prefix: range.prefix)
    }
}

extension AccessLog {
    /// nil where nothing is logged.
    convenience init?(_ format: AccessLogFormat, queue: LogQueue) {
        guard let format = Format(format) else { return nil }
        self.init(format, queue: queue)
    }
}

extension AccessLog.Format {
    /// nil where nothing is logged.
    init?(_ format: AccessLogFormat) {
        switch format {
        case .json: self = .json
        case .text: self = .text
        case .off: return nil
        }
    }
}

extension RoutePattern {
    /// - Parameter isFolder: `/pages` and `/pages/` are one folder, but two paths.
    init(_ path: PathTemplate, isFolder: Bool) {
        self.init(
            text: path.text,
            segments: (isFolder ? path.folderSegments : path.segments).map { segment in
                switch segment {
                case .literal(let text): .literal(text)
                case .parameter(let name): .parameter(name)
                }
            }
        )
    }
}

extension PathTemplate {
    fileprivate var folder: [String] {
        folderSegments.compactMap { if case .literal(let text) = $0 { text } else { nil } }
    }
}

extension OriginPolicy {
    init(_ origins: AllowedOrigins) {
        switch origins {
        case .sameOrigin: self = .sameOrigin
        case .any: self = .any
        case .list(let list): self = .listed(list)
        }
    }
}

extension CompressionMode {
    fileprivate var policy: CompressionPolicy {
        switch self {
        case .shared: .shared
        case .context: .context
        case .off: .off
        }
    }
}

extension ChannelService {
    init(_ channel: ChannelRoute, compression: CompressionPolicy) {
        self.init(
            history: channel.history,
            echo: channel.echo,
            maximumMessage: channel.message,
            rate: channel.rate.map(MessageRateLimit.init),
            buffer: channel.buffer,
            maximumRooms: channel.maxRooms,
            compression: compression
        )
    }
}

extension BridgeConfiguration {
    var gatewaySettings: GatewaySettings {
        GatewaySettings(
            connections: limits.connections,
            connectionsPerAddress: limits.connectionsPerAddress,
            handshakeTimeout: TimeAmount(limits.handshakeTimeout),
            maximumMessage: limits.message,
            messageRate: limits.rate.map(MessageRateLimit.init),
            trustedProxies: TrustedProxies(trustedProxies.compactMap(IPNetwork.init)),
            pingInterval: TimeAmount(keepAlive.ping),
            keepAliveTimeout: TimeAmount(keepAlive.timeout),
            drain: TimeAmount(drain),
            // No part of the file: what the kernel is trusted with belongs to the machine.
            usesIOUring: ProcessInfo.processInfo.environment["PUSHBRIDGE_IO_URING"] != "off"
        )
    }

    var upstreamLimits: Polling.UpstreamLimits {
        Polling.UpstreamLimits(
            connectionsPerHost: upstream.connections,
            requestsPerSecond: upstream.requestsPerSecond
        )
    }
}
