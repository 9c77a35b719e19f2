import Testing

@testable import JSONDelta

@Suite("JSON Merge Patch")
struct MergePatchTests {
    @Test("the vectors of RFC 7396 hold", arguments: ["rfc7396-appendix-a.json", "merge_tests.json"])
    func conformance(file: String) throws {
        for vector in try Vectors.document("json-merge-patch/\(file)").items {
            let document = try #require(vector.member("doc"))
            let patch = try #require(vector.member("patch"))
            let expected = try #require(vector.member("expected"))
            let result = try document.applyingMerge(patch.bytes)
            #expect(result.means(expected), "\(document.text) with \(patch.text): \(result.text)")
        }
    }

    @Test(
        "the patch holds what changed and nothing else",
        arguments: [
            (#"{"a":1,"b":2}"#, #"{"a":1,"b":2}"#, "{}"), (#"{"a":1,"b":2}"#, #"{"b":2,"a":1}"#, "{}"),
            (#"{"a":1,"b":2}"#, #"{"a":1,"b":3.0}"#, #"{"b":3.0}"#), (#"{"a":1,"b":2}"#, #"{"a":1}"#, #"{"b":null}"#),
            (#"{"a":{"x":1,"y":[1]}}"#, #"{"a":{"x":1,"y":[1,null]}}"#, #"{"a":{"y":[1,null]}}"#),
            (#"{"a":1}"#, #"{"a":{"b":{}}}"#, #"{"a":{"b":{}}}"#),
            (#"{"a":{"b":1}}"#, #"{"a":{}}"#, #"{"a":{"b":null}}"#),
            ("[1]", #"{"a":1}"#, #"{"a":1}"#), (#"{"a":1}"#, "[null]", "[null]"), (#"{"a":1}"#, "null", "null"),
            (#"{"\u0061":1}"#, #"{"a":2}"#, #"{"a":2}"#), (#"{"\ud800":1}"#, #"{}"#, #"{"\ud800":null}"#),
            (#"{"a":[{"b":null}]}"#, #"{"a":[{"b":null},{"c":null}]}"#, #"{"a":[{"b":null},{"c":null}]}"#),
        ]
    )
    func diff(old: String, new: String, patch: String) throws {
        let old = try JSONDocument(old)
        let new = try JSONDocument(new)
        let made = try #require(MergePatch.diff(from: old, to: new))
        #expect(String(decoding: made, as: UTF8.self) == patch)
        #expect(try old.applyingMerge(made).means(new))
    }

    @Test(
        "what a merge cannot say has no patch",
        arguments: [
            (#"{"a":1}"#, #"{"a":null}"#), (#"{"a":1}"#, #"{"a":1,"b":null}"#),
            (#"{"a":1}"#, #"{"a":{"b":{"c":null}}}"#),
            ("[]", #"{"a":null}"#), (#"{"a":1,"a":2}"#, #"{"a":3}"#), (#"{}"#, #"{"a":{"b":1,"b":2}}"#),
        ]
    )
    func unsayable(old: String, new: String) throws {
        #expect(try MergePatch.diff(from: JSONDocument(old), to: JSONDocument(new)) == nil)
    }

    @Test("null that was there and stays is no obstacle")
    func standingNull() throws {
        let old = try JSONDocument(#"{"a":null,"b":{"c":null,"d":1}}"#)
        let new = try JSONDocument(#"{"a":null,"b":{"c":null,"d":2}}"#)
        #expect(MergePatch.diff(from: old, to: new).map { String(decoding: $0, as: UTF8.self) } == #"{"b":{"d":2}}"#)
    }

    @Test("order is kept, new members go to the end, repeated names are settled")
    func order() throws {
        func merged(_ document: String, _ patch: String) throws -> String {
            try JSONDocument(document).applyingMerge(Array(patch.utf8)).text
        }
        #expect(try merged(#"{"a":1,"b":2,"c":3}"#, #"{"d":4,"b":9,"a":null}"#) == #"{"b":9,"c":3,"d":4}"#)
        #expect(try merged(#"{"a":1,"a":2}"#, #"{"a":3}"#) == #"{"a":3}"#)
        #expect(try merged(#"{"x":0}"#, #"{"a":1,"a":2}"#) == #"{"x":0,"a":2}"#)
        #expect(throws: JSONError.self) { try JSONDocument("{}").applyingMerge(Array("{".utf8)) }
    }
}
