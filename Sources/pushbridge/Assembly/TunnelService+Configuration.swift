import BridgeConfiguration
import Gateway
import Logging
import NIOCore
import WebSocket

extension TunnelService {
    /// The tunnel that is configured. TLS files that hold no certificate or key are logged; the backends that need
    /// them are then answered for with 502.
    init(_ tunnel: TunnelRoute, compression: CompressionPolicy, path: String, logger: Logger) {
        var tls: TunnelTLS?
        do {
            tls = try TunnelTLS(tunnel.tls)
        } catch {
            logger.error("the tunnel's tls files cannot be used", metadata: ["path": "\(path)", "error": "\(error)"])
        }
        self.init(
            tunnel.targets.isEmpty
                ? .any(tunnel.to.map(TunnelBackend.init)) : .byTarget(tunnel.targets.mapValues(TunnelBackend.init)),
            tls: tls,
            allow: tunnel.allow.compactMap(TunnelAllowance.init),
            proxyProtocol: tunnel.proxyProtocol.flatMap(ProxyProtocol.init(rawValue:)),
            connectsAfterUpgrade: tunnel.connect == .after,
            connectTimeout: TimeAmount(tunnel.connectTimeout),
            idleTimeout: tunnel.idleTimeout.map { TimeAmount($0) },
            halfCloseTimeout: TimeAmount(tunnel.halfCloseTimeout),
            rejectsText: tunnel.clientText == .reject,
            subprotocols: tunnel.subprotocols,
            frames: Frames(tunnel.frames),
            compression: compression
        )
    }
}

extension TunnelBackend {
    fileprivate init(_ address: BackendAddress) {
        switch address.transport {
        case .tcp: self.init(.host(address.host, port: address.port))
        case .tls: self.init(.host(address.host, port: address.port), usesTLS: true)
        case .unix: self.init(.unix(address.host))
        }
    }
}

extension TunnelTLS {
    fileprivate convenience init(_ tls: BackendTLS?) throws {
        try self.init(
            ca: tls?.ca,
            certificate: tls?.certificate,
            key: tls?.key,
            serverName: tls?.serverName,
            verify: tls?.verify ?? true
        )
    }
}

extension TunnelAllowance {
    fileprivate init?(_ allowed: AllowedBackend) {
        switch allowed.place {
        case .name(let name): self.init(.name(name), ports: allowed.ports)
        case .network(let range):
            guard let network = IPNetwork(range) else { return nil }
            self.init(.network(network), ports: allowed.ports)
        }
    }
}

extension TunnelService.Frames {
    fileprivate init(_ kind: TunnelRoute.FrameKind) {
        switch kind {
        case .binary: self = .binary
        case .text: self = .text
        case .base64: self = .base64
        }
    }
}
