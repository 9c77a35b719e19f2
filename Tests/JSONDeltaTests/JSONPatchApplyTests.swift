import Testing

@testable import JSONDelta

@Suite("Applying JSON Patch")
struct JSONPatchApplyTests {
    @Test("the vectors of json-patch-tests hold, the disabled ones too", arguments: ["tests.json", "spec_tests.json"])
    func conformance(file: String) throws {
        var count = 0
        for vector in try Vectors.document("json-patch-tests/\(file)").items {
            guard let document = vector.member("doc"), let patch = vector.member("patch") else { continue }
            count += 1
            let comment = vector.member("comment")?.text ?? patch.text
            if vector.member("error") != nil {
                #expect(throws: JSONPatchError.self, "\(comment)") { try document.applying(patch: patch.bytes) }
            } else {
                let result = try document.applying(patch: patch.bytes)
                if let expected = vector.member("expected") {
                    #expect(result.means(expected), "\(comment): \(result.text)")
                }
            }
        }
        #expect(count >= 17)
    }

    @Test("a patch that fails half way through changes nothing")
    func failing() throws {
        for vector in try Vectors.document("json-merge-patch/revert_tests.json").items {
            let document = try #require(vector.member("doc"))
            let before = document.bytes
            let patch = try #require(vector.member("patch"))
            #expect(throws: JSONPatchError.self) { try document.applying(patch: patch.bytes) }
            #expect(document.bytes == before)
        }
    }

    @Test(
        "members and items keep their order",
        arguments: [
            (#"{"a":1,"b":2}"#, #"[{"op":"add","path":"/c","value":3}]"#, #"{"a":1,"b":2,"c":3}"#),
            (#"{"a":1,"b":2}"#, #"[{"op":"add","path":"/a","value":3}]"#, #"{"a":3,"b":2}"#),
            (#"{"a":1,"b":2}"#, #"[{"op":"replace","path":"/a","value":1.10}]"#, #"{"a":1.10,"b":2}"#),
            (#"{"a":1,"b":2,"c":3}"#, #"[{"op":"remove","path":"/b"}]"#, #"{"a":1,"c":3}"#),
            (
                #"{"a":1,"b":2}"#, #"[{"op":"move","from":"/a","path":"/_"},{"op":"move","from":"/_","path":"/a"}]"#,
                #"{"b":2,"a":1}"#
            ),
            (#"{"\u0061":1}"#, #"[{"op":"replace","path":"/a","value":2}]"#, #"{"\u0061":2}"#),
            (#"{}"#, #"[{"op":"add","path":"/a\"\\\n~0~1é","value":2}]"#, #"{"a\"\\\n~/é":2}"#),
            ("[1,2,3]", #"[{"op":"move","from":"/2","path":"/0"}]"#, "[3,1,2]"),
            ("[1,2,3]", #"[{"op":"copy","from":"/0","path":"/-"}]"#, "[1,2,3,1]"),
            (
                #"{"a":{"b":1}}"#, #"[{"op":"copy","from":"/a","path":"/c"},{"op":"add","path":"/c/b","value":2}]"#,
                #"{"a":{"b":1},"c":{"b":2}}"#
            ),
            (#"{"a":1}"#, #"[{"op":"add","path":"","value":[ ]}]"#, "[]"),
        ]
    )
    func order(document: String, patch: String, expected: String) throws {
        #expect(try JSONDocument(document).applying(patch: Array(patch.utf8)).text == expected)
    }

    @Test(
        "an error names the operation and the reason",
        arguments: [
            (#"[{"op":"remove","path":"/x"}]"#, #"operation 0: there is no "/x""#),
            (
                #"[{"op":"test","path":"/a","value":1},{"op":"test","path":"/a","value":2}]"#,
                #"operation 1: the value at "/a" is not the one tested for"#
            ),
            (
                #"[{"op":"add","path":"/l/3","value":1}]"#,
                #"operation 0: "/l/3" is no place in the array, which has 2 items"#
            ),
            (
                #"[{"op":"add","path":"/a/b","value":1}]"#,
                #"operation 0: nothing can be added at "/a/b": its parent is no object or array"#
            ),
            (#"[{"op":"move","from":"/l","path":"/l/0"}]"#, #"operation 0: "/l" cannot be moved into itself"#),
            (#"[{"op":"remove","path":""}]"#, "operation 0: the whole document cannot be removed"),
            (
                #"[{"op":"add","path":"a","value":1}]"#,
                #"operation 0: "a" is not a JSON Pointer: it must be empty or begin with /"#
            ),
            (#"[{"op":"add","op":"remove","path":"/a","value":1}]"#, #"operation 0: "op" occurs more than once"#),
            (#"[{"op":"spam","path":"/a"}]"#, #"operation 0: there is no operation "spam""#),
            (#"[1]"#, "operation 0: an operation must be an object"),
            (#"{}"#, "a patch must be an array of operations"),
            (#"["#, "the patch is not JSON: line 1, column 2 (byte 1): the text ends inside a value"),
            (#"[{"op":"add","path":"/\ud800","value":1}]"#, #"operation 0: "path" holds a lone surrogate"#),
        ]
    )
    func errors(patch: String, message: String) throws {
        let document = try JSONDocument(#"{"a":1,"l":[1,2]}"#)
        #expect { try document.applying(patch: Array(patch.utf8)) } throws: { "\($0)" == message }
    }

    @Test("copies that double at every step end at the size limit")
    func copyBomb() throws {
        let double = #"{"op":"copy","from":"","path":"/-"}"#
        let patch = "[" + Array(repeating: double, count: 60).joined(separator: ",") + "]"
        #expect {
            try JSONDocument("[1]").applying(patch: Array(patch.utf8), limits: JSONLimits(maxBytes: 1 << 20))
        } throws: {
            "\($0)".hasSuffix("the copies exceed the size limit")
        }
    }

    @Test("nesting that grows with every step ends at the depth limit")
    func depthBomb() throws {
        let deeper = #"{"op":"add","path":"/0","value":[]},{"op":"move","from":"/1","path":"/0/0"},"#
        let patch = "[" + String(repeating: deeper, count: 5000) + #"{"op":"test","path":"","value":0}]"#
        #expect { try JSONDocument("[[]]").applying(patch: Array(patch.utf8)) } throws: {
            "\($0)".hasSuffix("would be nested deeper than the limit")
        }
    }
}
