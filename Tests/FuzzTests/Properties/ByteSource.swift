/// Choices taken out of the fuzzer's bytes; zeros when they are used up.
struct ByteSource {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        self.bytes = bytes[...]
    }

    var isAtEnd: Bool { bytes.isEmpty }

    mutating func byte() -> UInt8 { bytes.popFirst() ?? 0 }

    /// 0 ..< `bound`, which is 256 at most.
    mutating func below(_ bound: Int) -> Int { Int(byte()) % bound }

    mutating func take(_ count: Int) -> [UInt8] {
        let taken = Array(bytes.prefix(count))
        bytes = bytes.dropFirst(count)
        return taken
    }

    mutating func rest() -> [UInt8] { take(bytes.count) }
}
