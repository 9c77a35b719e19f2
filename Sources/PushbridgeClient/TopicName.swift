import Foundation

/// Topics as they are compared: the bridge writes them its own way.
package enum TopicName {
    /// Escapes are decoded, and query parameters sorted.
    package static func normal(_ topic: String) -> String {
        guard let parts = URLComponents(string: topic) else { return topic }
        let query = (parts.queryItems ?? []).map { "\($0.name)=\($0.value ?? "")" }.sorted().joined(separator: "&")
        return parts.path + (query.isEmpty ? "" : "?\(query)")
    }

    /// Without its query.
    package static func path(_ name: String) -> Substring { name.prefix { $0 != "?" } }
}
