/// The members of an object by name.
struct MemberNames {
    let members: [Int]
    let names: [ByteSlice]
    private let places: [ByteSlice: Int]

    /// nil where a name occurs twice: nothing can then be said about one member alone.
    init?(_ object: Int, in view: JSONView, decodedNames: DecodedNames) {
        members = view.children(object)
        var names: [ByteSlice] = []
        var places: [ByteSlice: Int] = [:]
        names.reserveCapacity(members.count)
        places.reserveCapacity(members.count)
        for (place, member) in members.enumerated() {
            let name = decodedNames.name(member, in: view)
            guard places.updateValue(place, forKey: name) == nil else { return nil }
            names.append(name)
        }
        self.names = names
        self.places = places
    }

    func place(_ name: ByteSlice) -> Int? { places[name] }

    func contains(_ name: [UInt8]) -> Bool {
        name.withUnsafeBufferPointer { places[ByteSlice($0)] != nil }
    }
}

/// Keeps the unescaped form of names that are written with escapes, so that they can be had as slices like the others.
final class DecodedNames {
    private var storage: [UnsafeMutableBufferPointer<UInt8>] = []

    deinit {
        for buffer in storage { buffer.deallocate() }
    }

    /// A member's unescaped name; valid as long as both the view and this object are.
    func name(_ member: Int, in view: JSONView) -> ByteSlice {
        let raw = view.rawName(member)
        guard view.nodes[member].nameHasEscapes else { return raw }
        let decoded = JSONString.decode(raw.bytes).bytes
        let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: decoded.count)
        _ = buffer.initialize(fromContentsOf: decoded)
        storage.append(buffer)
        return ByteSlice(UnsafeBufferPointer(buffer))
    }
}
