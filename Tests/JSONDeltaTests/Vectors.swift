import Foundation

@testable import JSONDelta

/// The conformance files beside the tests.
enum Vectors {
    static func document(_ path: String) throws -> JSONDocument {
        try JSONDocument(parsing: bytes(path))
    }

    static func bytes(_ path: String) throws -> [UInt8] {
        try Array(Data(contentsOf: folder.appendingPathComponent(path)))
    }

    static func names(in path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent(path).path).sorted()
    }

    private static var folder: URL { Bundle.module.bundleURL.appendingPathComponent("Resources") }
}

extension JSONDocument {
    init(_ text: String) throws(JSONError) {
        try self.init(parsing: Array(text.utf8))
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    var items: [JSONDocument] {
        withView { $0.children(0) }.map(part)
    }

    func member(_ name: String) -> JSONDocument? {
        withView { view in Array(name.utf8).withUnsafeBufferPointer { view.member(0, $0) } }.map(part)
    }

    var string: String {
        String(decoding: withView { JSONString.decode($0.rawString(0).bytes).bytes }, as: UTF8.self)
    }
}

extension JSONPatch {
    var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// A small fast generator with a seed, so that a failure can be had again (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
}
