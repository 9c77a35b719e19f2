import Testing

@testable import JSONDelta

@Suite("Making JSON Patch")
struct JSONPatchDiffTests {
    @Test(
        "the patch is the one a person would write",
        arguments: [
            ("{}", "{}", "[]"),
            (#"{"a":1,"b":2}"#, #"{"a":1,"b":3}"#, #"[{"op":"replace","path":"/b","value":3}]"#),
            (#"{"a":1.10}"#, #"{"a":1.1}"#, #"[{"op":"replace","path":"/a","value":1.1}]"#),
            (padded(#""b":1"#), padded(#""b":1,"c":{"x":"é\n"}"#), #"[{"op":"add","path":"/c","value":{"x":"é\n"}}]"#),
            (padded(#""b":1,"c":2"#), padded(#""c":2"#), #"[{"op":"remove","path":"/b"}]"#),
            (padded(#""a/b~c":1"#), padded(#""a/b~c":2"#), #"[{"op":"replace","path":"/a~1b~0c","value":2}]"#),
            (padded(#""\u0022\\é":1"#), padded(#""\u0022\\é":2"#), #"[{"op":"replace","path":"/\"\\é","value":2}]"#),
            (padded(#""":{"":1}"#), padded(#""":{"":[]}"#), #"[{"op":"replace","path":"//","value":[]}]"#),
            (
                padded(#""l":[1,2,3,4,5,6,7,8,9]"#), padded(#""l":[0,1,2,3,4,5,6,7,8,9]"#),
                #"[{"op":"add","path":"/l/0","value":0}]"#
            ),
        ]
    )
    func shape(old: String, new: String, patch: String) throws {
        let old = try JSONDocument(old)
        let new = try JSONDocument(new)
        let made = JSONPatch.diff(from: old, to: new)
        #expect(made.text == patch)
        #expect(try old.applying(made).bytes == new.bytes)
    }

    @Test(
        "an insertion at the head of a list is one add, and a newest-first list of bounded length one add and one remove"
    )
    func head() throws {
        let items = (0..<30).map { item($0, "unchanged text of item \($0)") }
        let inserted = try patch(list(items), list([item(99, "new")] + items))
        #expect(inserted.text == #"[{"op":"add","path":"/list/0","value":\#(item(99, "new"))}]"#)
        let scrolled = try patch(list(items), list([item(99, "new")] + items.dropLast()))
        #expect(
            scrolled.text
                == #"[{"op":"remove","path":"/list/29"},{"op":"add","path":"/list/0","value":\#(item(99, "new"))}]"#
        )
    }

    @Test("a changed item between unchanged ones is compared inside, with keys and without")
    func inside() throws {
        let items = (0..<10).map { item($0, "the text of item \($0) that does not change") }
        var changed = items
        changed[3] = #"{"id":3,"score":7,"text":"the text of item 3 that does not change"}"#
        let expected = #"[{"op":"replace","path":"/list/3/score","value":7}]"#
        #expect(try patch(list(items), list(changed)).text == expected)
        #expect(try patch(list(items), list(changed), key: "id").text == expected)
        let anonymous = { (items: [String]) in list(items.map { $0.replacing("\"id\"", with: "\"n\"") }) }
        #expect(try patch(anonymous(items), anonymous(changed)).text == expected)
    }

    @Test("a moved item is one move, and what changed in it is said at its new place")
    func moved() throws {
        var items = (0..<10).map { item($0, "some text that makes item \($0) worth moving rather than sending") }
        let old = list(items)
        items.insert(items.remove(at: 7), at: 2)
        #expect(try patch(old, list(items)).text == #"[{"op":"move","from":"/list/7","path":"/list/2"}]"#)
        items[2] = items[2].replacing("\"score\":0", with: "\"score\":1")
        #expect(
            try patch(old, list(items), key: "id").text
                == #"[{"op":"move","from":"/list/7","path":"/list/2"},{"op":"replace","path":"/list/2/score","value":1}]"#
        )
    }

    @Test("where one key occurs twice, the first item is the first one still, and the second the second")
    func repeatedKeys() throws {
        let items = [1, 2, 3, 1, 4].enumerated().map { item($1, "some text of the item at place \($0)") }
        var changed = items
        changed.insert(changed.remove(at: 4), at: 0)
        changed[4] = changed[4].replacing("\"score\":0", with: "\"score\":5")
        #expect(
            try patch(list(items), list(changed), key: "id").text
                == #"[{"op":"move","from":"/list/4","path":"/list/0"},{"op":"replace","path":"/list/4/score","value":5}]"#
        )
    }

    @Test("a key that is missing or occurs twice is survived", arguments: ["id", "missing", "score"])
    func unusableKeys(key: String) throws {
        let items = [item(1, "a"), item(1, "b"), #"{"score":3}"#, "null", "7", item(2, "c")]
        _ = try patch(list(items), list(items.reversed()), key: key)
        _ = try patch(list(items), list(items.dropFirst() + [item(1, "d")]), key: key)
    }

    @Test("a large member that has to go behind a new one is moved, not sent again")
    func reappended() throws {
        let large = String(repeating: "x", count: 2000)
        let old = #"{"a":1,"big":"\#(large)","z":{"t":"\#(large)","n":1}}"#
        let new = #"{"a":1,"b":2,"big":"\#(large)","z":{"t":"\#(large)","n":2}}"#
        #expect(
            try patch(old, new).text
                == #"[{"op":"add","path":"/b","value":2},{"op":"move","from":"/big","path":"/_"},{"op":"move","from":"/_","path":"/big"},{"op":"move","from":"/z","path":"/_"},{"op":"move","from":"/_","path":"/z"},{"op":"replace","path":"/z/n","value":2}]"#
        )
    }

    @Test(
        "what no operation can say is replaced as a whole",
        arguments: [
            // A name written differently, a name that can only be added with an escape, a lone surrogate, a repeated name.
            (#"{"a":1}"#, #"{"\u0061":1}"#), (#"{"b":1}"#, #"{"b":1,"\/":2}"#), (#"{"\ud800":1}"#, #"{"\ud800":2}"#),
            (#"{"b":1}"#, #"{"b":1,"\udc00":2}"#), (#"{"a":1,"a":2}"#, #"{"a":1,"a":3}"#),
            (#"{"a":1}"#, #"{"a":1,"a":1}"#),
            (#"{"a":1,"\u0061":2}"#, #"{"a":3,"\u0061":2}"#), (#"{"a":1,"b":2}"#, #"{"b":2,"a":1}"#),
        ]
    )
    func unsayable(old: String, new: String) throws {
        let text = try patch(padded(#""part":\#(old)"#), padded(#""part":\#(new)"#)).text
        #expect(text == #"[{"op":"replace","path":"/part","value":\#(new)}]"#)
    }

    @Test("keys with wildcards reach nested arrays")
    func wildcards() throws {
        func round(_ order: [Int]) -> String {
            "["
                + order.map { #"{"no":\#($0),"name":"player with a rather long name, number \#($0)"}"# }.joined(
                    separator: ","
                ) + "]"
        }
        let old = #"{"leagues":[{"matches":\#(round([1, 2, 3, 4]))},{"matches":\#(round([5, 6, 7, 8]))}]}"#
        let new = old.replacing("\"no\":6,\"name\":\"player with", with: "\"no\":60,\"name\":\"human with")
        let options = DiffOptions(keys: [(try JSONPointerPattern("/leagues/*/matches"), "no")])
        let first = try JSONDocument(old)
        let second = try JSONDocument(new)
        let made = JSONPatch.diff(from: first, to: second, options: options)
        #expect(try first.applying(made).bytes == second.bytes)
        #expect(made.count == 1 || made.text.contains("/leagues/1/matches/1"))
    }

    @Test("a long list without any likeness ends at the work limit, and stays exact")
    func workLimit() throws {
        var random = SeededGenerator(3)
        func numbers() -> String {
            "[" + (0..<4000).map { _ in String(Int.random(in: 0..<50, using: &random)) }.joined(separator: ",") + "]"
        }
        let old = try JSONDocument(numbers())
        let new = try JSONDocument(numbers())
        var made: JSONPatch?
        let time = ContinuousClock().measure {
            made = JSONPatch.diff(from: old, to: new, options: DiffOptions(workLimit: 20_000))
        }
        #expect(try old.applying(try #require(made)).bytes == new.bytes)
        #expect(time < .seconds(10))
    }

    private func patch(_ old: String, _ new: String, key: String? = nil) throws -> JSONPatch {
        let keys = try key.map { [(pattern: try JSONPointerPattern("/list"), member: $0)] } ?? []
        let old = try JSONDocument(old)
        let new = try JSONDocument(new)
        let made = JSONPatch.diff(from: old, to: new, options: DiffOptions(keys: keys))
        #expect(try old.applying(made).bytes == new.bytes)
        #expect(try JSONDocument(parsing: made.bytes).items.count == made.count)
        #expect(made.bytes.count <= new.bytes.count + 40)
        return made
    }

    private func item(_ id: Int, _ text: String) -> String { #"{"id":\#(id),"score":0,"text":"\#(text)"}"# }

    private func list(_ items: some Sequence<String>) -> String { #"{"list":["# + items.joined(separator: ",") + "]}" }
}

/// An object large enough that replacing it is not the cheapest way.
private func padded(_ members: String) -> String {
    #"{"padding":"\#(String(repeating: "-", count: 200))","# + members + "}"
}
