import Testing

@testable import Polling

/// A head as libcurl's header callback would hand it over.
func head(_ fields: String...) -> ResponseHead { head(fields) }

func head(_ fields: [String]) -> ResponseHead {
    var head = ResponseHead(limit: 1 << 20)
    for line in ["HTTP/1.1 200 OK"] + fields + [""] {
        var line = line + "\r\n"
        line.withUTF8 { try? head.append(line: UnsafeRawBufferPointer($0)) }
    }
    return head
}

@Suite("Cache-Control and Age")
struct FreshnessTests {
    private func freshness(_ fields: String...) -> Double? {
        CachingRules(head(fields), now: 0).freshness?.seconds
    }

    @Test("max-age less Age is how long an answer is fresh")
    func maxAge() {
        #expect(freshness("Cache-Control: max-age=30") == 30)
        #expect(freshness("Cache-Control: public, max-age=30", "Age: 12") == 18)
        #expect(freshness("cache-control: MAX-AGE=30", "age: 31") == 0)
        #expect(freshness("Cache-Control: max-age = 7") == 7)
        #expect(freshness("Cache-Control: max-age=\"30\"") == 30)
    }

    @Test("s-maxage, which is for shared caches, comes before max-age")
    func shared() {
        #expect(freshness("Cache-Control: max-age=30, s-maxage=5") == 5)
        #expect(freshness("Cache-Control: s-maxage=5", "Cache-Control: max-age=30") == 5)
    }

    @Test("no lifetime, or one that cannot be read, is no bound")
    func none() {
        #expect(freshness() == nil)
        #expect(freshness("Cache-Control: no-store") == nil)
        #expect(freshness("Cache-Control: max-age=soon") == nil)
        #expect(freshness("Cache-Control: max-age=-5") == nil)
        #expect(freshness("Cache-Control: max-age=") == nil)
        #expect(freshness("Cache-Control: x-max-age=9, max-ageing=9") == nil)
    }

    @Test("what must be asked about each time is never fresh, whatever stands beside it")
    func neverFresh() {
        #expect(freshness("Cache-Control: no-cache, max-age=300") == nil)
        #expect(freshness("Cache-Control: max-age=300", "Cache-Control: No-Store") == nil)
        // About that field alone (RFC 9111 section 5.2.2.4).
        #expect(freshness("Cache-Control: no-cache=\"set-cookie\", max-age=300") == 300)
    }

    @Test("a number without end counts as the largest there is")
    func overflow() {
        #expect(freshness("Cache-Control: max-age=99999999999999999999999999") == 2_147_483_648)
        #expect(freshness("Cache-Control: max-age=5", "Age: 99999999999999999999999999") == 0)
    }
}

@Suite("Retry-After")
struct RetryAfterTests {
    private func retryAfter(_ value: String, date: String? = nil, now: Int64 = 784_111_777) -> Double? {
        let answer = date.map { head("Date: \($0)", "Retry-After: \(value)") } ?? head("Retry-After: \(value)")
        return CachingRules(answer, now: now).retryAfter?.seconds
    }

    @Test("seconds")
    func seconds() {
        #expect(retryAfter("120") == 120)
        #expect(retryAfter(" 0 ") == 0)
    }

    @Test("a date counts from the answer's own Date, however wrong the upstream's clock is")
    func date() {
        // 784111777 is Sun, 06 Nov 1994 08:49:37 GMT.
        #expect(retryAfter("Sun, 06 Nov 1994 08:49:47 GMT") == 10)
        #expect(
            retryAfter("Sun, 06 Nov 1994 08:49:47 GMT", date: "Sun, 06 Nov 1994 08:49:40 GMT", now: 1_800_000_000) == 7
        )
    }

    @Test("the two obsolete forms of a date")
    func obsolete() {
        #expect(retryAfter("Sunday, 06-Nov-94 08:49:47 GMT") == 10)
        #expect(retryAfter("Sun Nov  6 08:49:47 1994") == 10)
    }

    @Test("a date that has passed is no wait")
    func past() {
        #expect(retryAfter("Sun, 06 Nov 1994 08:49:00 GMT") == 0)
    }

    @Test("what is neither is ignored")
    func nonsense() {
        for value in [
            "", "-5", "soon", "1e9", "12 monkeys", "2026-11-22", "Sun, nonsense", String(repeating: "S", count: 9999),
        ] {
            #expect(retryAfter(value) == nil, "\(value.prefix(20))")
        }
    }
}

@Suite("Validators")
struct ValidatorsTests {
    private let long = 2_000_000_000 as Int64

    @Test("entity tags come back to the letter, weak ones and those without quotes too")
    func tags() {
        for tag in ["\"abc\"", "W/\"abc\"", "\"a b,c\"", "abc", "\"\""] {
            #expect(Validators(head("ETag: \(tag)"), now: long).conditions.map(\.value) == [tag])
        }
    }

    @Test("a tag that cannot be sent back safely is none")
    func hostileTags() {
        for tag in ["", "*", "\"a\u{1}b\"", "\"\u{e9}\"", "\"" + String(repeating: "x", count: 2000) + "\""] {
            #expect(Validators(head("ETag: \(tag)"), now: long).isEmpty)
        }
    }

    @Test("Last-Modified is taken only in its one valid form")
    func lastModified() {
        let good = "Sun, 06 Nov 1994 08:49:37 GMT"
        #expect(
            Validators(head("Last-Modified: \(good)"), now: long).conditions.map(\.name) == ["If-Modified-Since"]
        )
        let bad = [
            "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET", "1994-11-06", "now", "",
            "Sun, 99 Nov 1994 08:49:37 GMT", "Sun, 06 Xxx 1994 08:49:37 GMT",
        ]
        for value in bad { #expect(Validators(head("Last-Modified: \(value)"), now: long).isEmpty, "\(value)") }
    }

    @Test("a Last-Modified of the second in which it was served proves nothing, unless a tag stands beside it")
    func sameSecond() {
        let now = "Sun, 06 Nov 1994 08:49:37 GMT"
        #expect(Validators(head("Date: \(now)", "Last-Modified: \(now)"), now: long).isEmpty)
        #expect(Validators(head("Last-Modified: \(now)"), now: 784_111_777).isEmpty)
        #expect(
            Validators(head("ETag: \"a\"", "Date: \(now)", "Last-Modified: \(now)"), now: long)
                == Validators(entityTag: "\"a\"", lastModified: now)
        )
    }
}

@Suite("The head of an answer")
struct ResponseHeadTests {
    @Test("names compare without case, values lose the white space around them, bytes outside UTF-8 are replaced")
    func fields() {
        let answer = head("Content-TYPE: \t text/plain \t", "X-Empty:", "no colon here", "A: b: c")
        #expect(answer.first(.contentType) == "text/plain")
        #expect(answer.fields.map(\.name) == ["Content-TYPE", "X-Empty", "A"])
        #expect(answer.fields.map(\.value) == ["text/plain", "", "b: c"])
    }

    @Test("an interim answer leaves nothing behind, and trailers are not taken for fields")
    func interimAndTrailers() throws {
        var head = ResponseHead(limit: 1000)
        for line in ["HTTP/1.1 103 Early Hints", "ETag: \"x\"", "", "HTTP/1.1 200 OK", "A: 1", "", "ETag: \"y\""] {
            try Array((line + "\r\n").utf8).withUnsafeBytes { try head.append(line: $0) }
        }
        #expect(head.fields.map(\.name) == ["A"])
    }

    @Test("lines that together pass the limit are refused")
    func tooLarge() throws {
        var head = ResponseHead(limit: 100)
        let line = Array("A: 0123456789012345\r\n".utf8)
        for _ in 0..<4 { try line.withUnsafeBytes { try head.append(line: $0) } }
        #expect(throws: ResponseHead.Refusal.tooLarge) { try line.withUnsafeBytes { try head.append(line: $0) } }
    }
}
