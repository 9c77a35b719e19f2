import Testing

@testable import JSONDelta

@Suite("Changes of keyed items")
struct ItemChangeTests {
    private func changes(
        _ old: String,
        _ new: String,
        _ keys: [(String, String)],
        ignoring: [String] = []
    ) throws -> [String] {
        let options = DiffOptions(keys: try keys.map { (try JSONPointerPattern($0.0), $0.1) })
        let ignoring = try ignoring.map { try JSONPointerPattern($0) }
        return ItemChange.diff(
            from: try JSONDocument(old),
            to: try JSONDocument(new),
            options: options,
            ignoring: ignoring
        ).map {
            func text(_ bytes: [UInt8]?) -> String { bytes.map { String(decoding: $0, as: UTF8.self) } ?? "-" }
            return "\($0.kind) \($0.collection) \(text($0.key)) \(text($0.value)) \(text($0.was))"
        }
    }

    @Test("removed first, then added and changed in the new order; moving is no change")
    func order() throws {
        #expect(
            try changes(
                #"{"m":[{"id":1,"s":0},{"id":2,"s":0},{"id":"3","s":0}]}"#,
                #"{"m":[{"id":"3","s":0},{"id":4,"s":0},{"id":1,"s":1.0}]}"#,
                [("/m", "id")]
            ) == [
                #"removed /m 2 - {"id":2,"s":0}"#, #"added /m 4 {"id":4,"s":0} -"#,
                #"changed /m 1 {"id":1,"s":1.0} {"id":1,"s":0}"#,
            ]
        )
    }

    @Test("wildcards name each array; one that one document lacks is an empty one there")
    func collections() throws {
        #expect(
            try changes(
                #"{"l":{"a/b":[{"k":1}],"x":[{"k":2}],"y":7}}"#,
                #"{"l":{"a/b":[],"z":[{"k":3}]}}"#,
                [("/l/*", "k")]
            )
                == [
                    #"removed /l/a~1b 1 - {"k":1}"#, #"added /l/z 3 {"k":3} -"#, #"removed /l/x 2 - {"k":2}"#,
                ]
        )
        #expect(try changes("[]", #"[{"k":null}]"#, [("", "k")]) == [#"added  null {"k":null} -"#])
    }

    @Test("an array inside an item is compared with that of the same item, wherever it stands now")
    func nested() throws {
        let keys = [("/m", "id"), ("/m/*/e", "id")]
        let old = #"{"m":[{"id":1,"e":[{"id":"g1"}]},{"id":3,"e":[{"id":"g3"}]}]}"#
        let new = #"{"m":[{"id":2,"e":[{"id":"g2"}]},{"id":1,"e":[{"id":"g1"}]}]}"#
        #expect(
            try changes(old, new, keys) == [
                #"removed /m 3 - {"id":3,"e":[{"id":"g3"}]}"#, #"added /m 2 {"id":2,"e":[{"id":"g2"}]} -"#,
                #"added /m/0/e "g2" {"id":"g2"} -"#, #"removed /m/1/e "g3" - {"id":"g3"}"#,
            ]
        )
        // Items that nothing identifies are told by their places.
        #expect(
            try changes(
                #"{"m":[{"e":[{"id":1}]}]}"#,
                #"{"m":[{"e":[]},{"e":[{"id":1}]}]}"#,
                [("/m/*/e", "id")]
            ) == [#"removed /m/0/e 1 - {"id":1}"#, #"added /m/1/e 1 {"id":1} -"#]
        )
    }

    @Test("one key on several items, no key, and differences that do not count")
    func oddities() throws {
        #expect(
            try changes(
                #"[{"k":1,"v":1},{"k":1,"v":2},{"v":3},4]"#,
                #"[{"k":1,"v":1},{"k":1,"v":5},{"v":6},{"k":1,"v":7}]"#,
                [("", "k")]
            ) == [
                #"changed  1 {"k":1,"v":5} {"k":1,"v":2}"#, #"added  1 {"k":1,"v":7} -"#,
            ]
        )
        #expect(try changes(#"[{"k":1,"t":1}]"#, #"[{"t":2,"k":1}]"#, [("", "k")], ignoring: ["/*/t"]) == [])
        #expect(try changes(#"[{"k":1,"t":1}]"#, #"[{"t":1,"k":1}]"#, [("", "k")]) == [])
        #expect(try changes(#"[{"k":1}]"#, #"[{"k":2}]"#, []) == [])
    }
}
