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
            service: service
        )
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
    fileprivate init(_ origins: AllowedOrigins) {
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
            rate: channel.rate.map { MessageRateLimit(count: $0.count, period: TimeAmount($0.period)) },
            buffer: channel.buffer,
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
