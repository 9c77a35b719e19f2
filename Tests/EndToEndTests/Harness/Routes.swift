import Crypto
import Foundation

/// A poll route at `/scores/{league}`, quick enough for tests.
///
/// - Parameter options: more members of `poll`, each with its comma.
func pollRoute(_ upstream: LegacyUpstream, interval: String = "100ms", _ options: String = "") -> String {
    """
    { "path": "/scores/{league}",
      "poll": { "url": "\(upstream.url("/legacy?league={league}"))", "interval": "\(interval)", \(options) } }
    """
}

/// A document's version: the first 16 bytes of SHA-256 over it, in base64url without padding.
func versionID(of document: some Sequence<UInt8>) -> String {
    Data(SHA256.hash(data: Data(document)).prefix(16)).base64EncodedString()
        .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
}

func versionID(of document: String) -> String { versionID(of: document.utf8) }

/// A document in which one small number changes, so that a patch is smaller than the whole.
func scoreboard(goals: Int) -> String {
    let players = (1...40).map { #"{"id":\#($0),"name":"player number \#($0)"}"# }.joined(separator: ",")
    return #"{"league":"premier","goals":\#(goals),"players":[\#(players)]}"#
}
