import Testing

@testable import Probing

@Suite("Looking at several documents of one endpoint")
struct DocumentSurveyTests {
    private func survey(_ documents: String...) -> DocumentSurvey {
        DocumentSurvey(documents.map { Array($0.utf8) })
    }

    @Test("an array whose items all differ in a member is keyed by it, by id before others")
    func keys() {
        let found = survey(
            #"{"matches":[{"name":"a","id":1,"goals":[{"by":"x"},{"by":"x"}]},{"name":"b","id":2,"goals":[]}]}"#,
            #"{"matches":[{"name":"a","id":1,"goals":[]},{"name":"b","id":2,"goals":[]}]}"#
        )
        #expect(found.keyedArrays == [.init(pointer: "/matches", member: "id")])
    }

    @Test("an array within the items of another is named with *; names are escaped")
    func nested() {
        let found = survey(#"{"a/b":[{"l":[{"id":1},{"id":2}]},{"l":[{"id":1},{"id":3}]}]}"#)
        #expect(found.keyedArrays == [.init(pointer: "/a~1b/*/l", member: "id")])
    }

    @Test("a member that is the same in two items of any document is no key")
    func ambiguous() {
        #expect(survey(#"[{"n":"a"},{"n":"b"}]"#, #"[{"n":"a"},{"n":"a"}]"#).keyedArrays.isEmpty)
        #expect(survey(#"[{"n":true},{"n":false}]"#).keyedArrays.isEmpty)
        #expect(survey(#"[{"n":1.5},{"n":2.5}]"#).keyedArrays.isEmpty)
    }

    @Test("a time that is new in every document is volatile; a price is not, nor a time that stays")
    func volatile() {
        let found = survey(
            #"{"at":"2026-01-01T10:00:00Z","now":1700000000,"price":1,"since":"2026-01-01T09:00:00Z","l":[{"t":1700000000123}]}"#,
            #"{"at":"2026-01-01T10:00:02Z","now":1700000002,"price":2,"since":"2026-01-01T09:00:00Z","l":[{"t":1700000002123}]}"#,
            #"{"at":"2026-01-01T10:00:04Z","now":1700000004,"price":3,"since":"2026-01-01T09:00:00Z","l":[{"t":1700000004123}]}"#
        )
        #expect(found.volatileMembers == ["/at", "/l/*/t", "/now"])
    }

    @Test("the times of items in a list that grows are news")
    func growingList() {
        let items = (1...4).map { #"{"at":"2026-01-01T10:00:0\#($0)Z"}"# }
        let lists = (1...4).map { "[" + items.prefix($0).joined(separator: ",") + "]" }
        #expect(DocumentSurvey(lists.map { Array($0.utf8) }).volatileMembers.isEmpty)
    }

    @Test("two documents are too few to call anything volatile")
    func tooFew() {
        #expect(survey(#"{"at":"2026-01-01T10:00:00Z"}"#, #"{"at":"2026-01-01T10:00:02Z"}"#).volatileMembers.isEmpty)
    }

    @Test("what is no JSON, empty, or deeper than anybody looks says nothing", arguments: ["", "<a/>", "[", "{\"a\":"])
    func hostile(text: String) {
        #expect(survey(text, text, text) == DocumentSurvey([]))
        let deep = String(repeating: "[", count: 300) + String(repeating: "]", count: 300)
        #expect(survey(deep, deep, deep) == DocumentSurvey([]))
    }
}
