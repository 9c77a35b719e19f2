import Foundation
import Testing

@testable import DemoServices

@Suite("The legacy API's other feeds")
struct LegacyFeedsTests {
    private let prompt = DemoServices.Options(minuteLength: 86_400_000, answerDelay: 0...1)

    @Test("the scores are there as XML too, with what needs escaping escaped")
    func xml() async throws {
        try await withServices(prompt) { services in
            let answer = try await HTTPExchange(port: services.legacyPort, "/legacy/scores.xml?league=laliga")
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "application/xml")
            let text = String(decoding: answer.body, as: UTF8.self)
            #expect(text.hasPrefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<scores league=\"laliga\""))
            #expect(text.components(separatedBy: "<match ").count == LeagueSimulation.pitchCount + 1)
            let tag = try #require(answer.headers["etag"])
            let again = try await HTTPExchange(
                port: services.legacyPort,
                "/legacy/scores.xml?league=laliga",
                headers: ["If-None-Match": tag]
            )
            #expect(again.status == 304)
            let unknown = try await HTTPExchange(port: services.legacyPort, "/legacy/scores.xml?league=none")
            #expect(unknown.status == 404)
        }
        var document = LeagueSimulation(league: League.all[0], seed: 1, start: 0).document(generatedAt: "")
        document.name = "A&B <\"C\">"
        #expect(document.legacyXML().contains("<name>A&amp;B &lt;&quot;C&quot;&gt;</name>"))
    }

    @Test("quotes and positions are lists of things with an identity, behind validators")
    func lists() async throws {
        try await withServices(prompt) { services in
            let quotes = try await HTTPExchange(port: services.legacyPort, "/legacy/quotes")
            let board = try quotes.decoded(as: MarketSimulation.Board.self)
            #expect(Set(board.quotes.map(\.symbol)).count == 16)
            #expect(quotes.headers["etag"] != nil)

            let vehicles = try await HTTPExchange(port: services.legacyPort, "/legacy/vehicles")
            let report = try vehicles.decoded(as: FleetSimulation.Report.self)
            #expect(Set(report.vehicles.map(\.id)).count == 12)
            let refused = try await HTTPExchange(port: services.legacyPort, method: "POST", "/legacy/vehicles")
            #expect(refused.status == 405)
        }
    }

    @Test("the market goes the same way however often it is looked at, and never far from its opening prices")
    func market() {
        var often = MarketSimulation(seed: 3, start: 0)
        var once = often
        for time in stride(from: 0, through: 60_000, by: 100) { often.advance(to: time) }
        once.advance(to: 60_000)
        #expect(often.board == once.board)
        for hour in 1...50 { once.advance(to: hour * 500_000) }
        for quote in once.board.quotes {
            #expect(quote.price > quote.open / 3 && quote.price < quote.open * 3)
        }
    }

    @Test("vehicles stay on the map, stop at corners and come round")
    func fleet() {
        let fleet = FleetSimulation()
        var seen: Set<String> = []
        for time in stride(from: 0, to: 300_000, by: FleetSimulation.stepLength) {
            let report = fleet.report(at: time + 123)
            #expect(report.at == time)
            for vehicle in report.vehicles {
                #expect((0...report.map.width).contains(vehicle.x) && (0...report.map.height).contains(vehicle.y))
                #expect((0..<360).contains(vehicle.heading))
                seen.insert(vehicle.status)
            }
        }
        #expect(seen == ["driving", "stopped"])
    }

    @Test("a message that is posted to the chat is in its list, under a new tag")
    func chat() async throws {
        try await withServices(prompt) { services in
            let before = try await HTTPExchange(port: services.legacyPort, "/legacy/chat")
            let posted = try await HTTPExchange(
                port: services.legacyPort,
                method: "POST",
                "/legacy/chat",
                content: #"{"name":"Ada","text":" Hello "}"#
            )
            #expect(posted.status == 201)
            let message = try posted.decoded(as: LegacyChat.Message.self)
            #expect(message.name == "Ada" && message.text == "Hello")
            let after = try await HTTPExchange(port: services.legacyPort, "/legacy/chat")
            #expect(try after.decoded(as: LegacyChat.List.self).messages.last == message)
            #expect(after.headers["etag"] != before.headers["etag"])

            for wrong in ["", "{}", #"{"text":"  "}"#, "[]"] {
                let refused = try await HTTPExchange(
                    port: services.legacyPort,
                    method: "POST",
                    "/legacy/chat",
                    content: wrong
                )
                #expect(refused.status == 422, "\(wrong)")
            }
            let large = try await HTTPExchange(
                port: services.legacyPort,
                method: "POST",
                "/legacy/chat",
                content: String(repeating: "x", count: LegacyChat.bodyLimit + 1)
            )
            #expect(large.status == 413)
        }
    }

    @Test("the chat's list holds the newest messages only")
    func chatLimit() throws {
        var chat = LegacyChat(start: 0)
        for number in 1...200 { _ = try chat.post(Data(#"{"text":"\#(number)"}"#.utf8), at: number) }
        #expect(chat.list.messages.count == LegacyChat.messageLimit)
        #expect(chat.list.messages.last?.text == "200")
        #expect(chat.list.messages.map(\.id) == Array(152...201))
    }
}
