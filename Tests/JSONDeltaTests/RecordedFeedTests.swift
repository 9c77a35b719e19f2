import Foundation
import Testing

@testable import JSONDelta

/// Answers of real endpoints, recorded; they belong to others and are not part of this repository.
enum RecordedFeeds {
    static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("../shared/feeds").standardizedFileURL

    static var arePresent: Bool { FileManager.default.fileExists(atPath: folder.path) }

    static func documents(_ name: String) throws -> [JSONDocument] {
        let folder = folder.appendingPathComponent(name)
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            .filter { $0.hasSuffix(".json") }
            .map { try JSONDocument(parsing: Array(Data(contentsOf: folder.appendingPathComponent($0)))) }
    }
}

@Suite(
    "Recorded feeds",
    .enabled(if: RecordedFeeds.arePresent, "skipped: the recordings (../shared/feeds) are not on this machine")
)
struct RecordedFeedTests {
    @Test(
        "the patch between successive versions gives the newer one, to the byte",
        arguments: [
            ("enduro-live", ["/riders": "id"], 177), ("apifootball-live", ["/fixtures": "id"], 70),
            ("espn-worldcup2026", ["/events": "id"], 12), ("metar-aviationweather", ["": "icaoId"], 200),
        ]
    )
    func successive(feed: String, keys: [String: String], count: Int) throws {
        let documents = try RecordedFeeds.documents(feed)
        #expect(documents.count == count)
        let keyed = DiffOptions(keys: try keys.map { (try JSONPointerPattern($0.key), $0.value) })
        for (old, new) in zip(documents, documents.dropFirst()) {
            for options in [keyed, DiffOptions()] {
                let patch = JSONPatch.diff(from: old, to: new, options: options)
                #expect(try old.applying(patch).bytes == new.bytes)
            }
            if let merge = MergePatch.diff(from: old, to: new) {
                #expect(try old.applyingMerge(merge).isEqual(to: new, ignoring: []))
            }
        }
    }

    @Test("patches of another server, with copy and move, are understood, and ours between the same versions is exact")
    func foreignPatches() throws {
        let folder = RecordedFeeds.folder.appendingPathComponent("mlb-feedlive/diff_patch/823717")
        func document(_ name: String) throws -> JSONDocument {
            try JSONDocument(parsing: Array(Data(contentsOf: folder.appendingPathComponent(name))))
        }
        let baseline = try document("baseline.json")
        var current = baseline
        let steps = try document("patch_t+15s.json").items
        #expect(!steps.isEmpty)
        for step in steps {
            let next = try current.applying(patch: try #require(step.member("diff")).bytes)
            let patch = JSONPatch.diff(from: current, to: next)
            #expect(try current.applying(patch).bytes == next.bytes)
            current = next
        }
        let patch = JSONPatch.diff(from: baseline, to: current)
        #expect(try baseline.applying(patch).bytes == current.bytes)
        #expect(patch.bytes.count < current.bytes.count / 5)
    }
}
