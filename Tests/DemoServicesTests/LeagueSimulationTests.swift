import Testing

@testable import DemoServices

@Suite("The league simulation")
struct LeagueSimulationTests {
    private let start = 1_790_000_000_000

    private func simulation(_ league: League = League.all[0], seed: UInt64 = 7) -> LeagueSimulation {
        LeagueSimulation(league: league, seed: seed, start: start)
    }

    @Test("the same seed and time give the same state, however often it was looked at in between")
    func determinism() {
        var once = simulation()
        once.advance(to: start + 1_000_000)
        var often = simulation()
        for time in stride(from: start, through: start + 1_000_000, by: 333) { often.advance(to: time) }
        often.advance(to: start + 1_000_000)
        #expect(once.document(generatedAt: "") == often.document(generatedAt: ""))
        #expect(once.lastChange == often.lastChange)
    }

    @Test("another seed gives other matches")
    func seeds() {
        #expect(simulation(seed: 7).document(generatedAt: "") != simulation(seed: 8).document(generatedAt: ""))
    }

    @Test("looking back changes nothing")
    func past() {
        var league = simulation()
        let before = league.document(generatedAt: "")
        league.advance(to: start - 60_000)
        #expect(league.document(generatedAt: "") == before)
    }

    @Test("it begins in the middle of play, with nothing in the future")
    func warmStart() {
        let document = simulation().document(generatedAt: "")
        #expect(document.matches.contains { $0.status == .live })
        #expect(document.matches.flatMap(\.events).allSatisfy { $0.at <= start })
        #expect(document.matches.flatMap(\.events).contains { $0.type == .goal })
    }

    @Test("a goal falls within every 15 seconds", arguments: League.all.map(\.id))
    func goals(id: String) throws {
        var league = simulation(try #require(League.all.first { $0.id == id }))
        var seen = Set(league.document(generatedAt: "").matches.flatMap(\.events).map(\.id))
        var lastGoal = start
        for time in stride(from: start, through: start + 2_700_000, by: 1_000) {
            league.advance(to: time)
            for event in league.document(generatedAt: "").matches.flatMap(\.events)
            where seen.insert(event.id).inserted && event.type == .goal {
                lastGoal = event.at
            }
            #expect(time - lastGoal <= 15_000)
        }
    }

    @Test("every state along the way is a possible one")
    func invariants() {
        var league = simulation()
        var statuses: Set<ScoreDocument.Status> = []
        var kinds: Set<ScoreDocument.Kind> = []
        for time in stride(from: start, through: start + 3_600_000, by: 2_000) {
            league.advance(to: time)
            let document = league.document(generatedAt: "")
            #expect(document.matches.count == LeagueSimulation.pitchCount)
            #expect(Set(document.matches.map(\.id)).count == document.matches.count)
            let teams = document.matches.flatMap { [$0.home.short, $0.away.short] }
            #expect(Set(teams).count == teams.count, "a team plays in one match at a time")
            for match in document.matches {
                statuses.insert(match.status)
                check(match)
                kinds.formUnion(match.events.map(\.type))
            }
        }
        #expect(statuses == [.scheduled, .live, .halfTime, .finished])
        #expect(kinds == [.kickoff, .goal, .yellow, .red, .halfTime, .fullTime])
    }

    private func check(_ match: ScoreDocument.Match) {
        #expect((0...90).contains(match.minute))
        #expect((match.minute == 0) == (match.status == .scheduled))
        #expect(match.events.count <= LeagueSimulation.eventLimit)
        #expect(match.events.map(\.at) == match.events.map(\.at).sorted())
        func count(_ kind: ScoreDocument.Kind, _ side: ScoreDocument.Side) -> Int {
            match.events.count { $0.type == kind && $0.team == side.short }
        }
        for side in [match.home, match.away] {
            #expect(count(.goal, side) == side.goals)
            #expect(count(.yellow, side) == side.cards.yellow)
            #expect(count(.red, side) == side.cards.red)
        }
    }

    @Test("events stay bounded where the clock hardly moves between goals")
    func bounds() {
        // With one millisecond a minute, gaps shrink to some milliseconds and rounding makes goals most frequent.
        var league = LeagueSimulation(league: League.all[0], seed: 1, start: start, minuteLength: 1)
        for time in start...(start + 3_000) {
            league.advance(to: time)
            for match in league.document(generatedAt: "").matches {
                #expect(match.events.count <= LeagueSimulation.eventLimit)
            }
        }
    }

    @Test("teams have codes of three letters, unique in their league, and enough players")
    func catalogue() {
        for league in League.all {
            #expect(league.teams.count == 20)
            #expect(Set(league.teams.map(\.short)).count == 20)
            #expect(Set(league.teams.map(\.name)).count == 20)
            #expect(league.teams.allSatisfy { $0.short.count == 3 })
            for team in league.teams.indices { #expect(Set(league.squad(of: team)).count == 11) }
        }
    }
}
