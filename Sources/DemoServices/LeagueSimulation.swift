/// A league that plays without end: a value without I/O or clock of its own.
///
/// The state at a moment depends on the seed, the starting time and that moment only, not on how often it was looked
/// at in between: whatever is due is worked through in the order of its due time. The cost of looking is proportional
/// to the time since the last look (some microseconds for each simulated minute).
///
/// Each pitch goes round, in steps of one match minute:
///
///     scheduled → live 1…45 → half-time → live 46…90 → finished → the next fixture, scheduled
///
/// Goals and cards come at league level, in gaps between two bounds, so that a viewer never waits long for a goal.
package struct LeagueSimulation: Sendable {
    /// The most events one match can hold; a match that is full sees no more goals or cards.
    package static let eventLimit = 40
    /// Matches in the document at any time.
    package static let pitchCount = 9

    /// The league that plays.
    package let league: League

    private struct Pitch {
        var match: ScoreDocument.Match
        var home: Int
        var away: Int
        /// Steps left in a status that has no match clock.
        var stepsLeft: Int
    }

    private var generator: SeededGenerator
    private var pitches: [Pitch] = []
    /// Teams that wait for a fixture. Always more than two when one is drawn, so that pairings change.
    private var idleTeams: [Int]
    private let minuteLength: Int
    private var nextStep: Int
    private var nextGoal: Int
    private var nextCard: Int
    private var lastMatchNumber = 0
    private var lastEventNumber = 0
    private var finishedMatches = 0
    /// When the state changed last, in milliseconds since 1970. Never later than the time asked for.
    package private(set) var lastChange: Int

    /// A league in the middle of its season at `start`.
    ///
    /// - Parameters:
    ///   - league: Who plays.
    ///   - seed: The same seed gives the same season.
    ///   - start: Milliseconds since 1970. Matches are already being played then.
    ///   - minuteLength: Milliseconds that one match minute takes, at least 1. Gaps between goals follow it.
    package init(league: League, seed: UInt64, start: Int, minuteLength: Int = 2_000) {
        self.league = league
        generator = SeededGenerator(seed: seed ^ fnv1a(league.id.utf8))
        idleTeams = Array(league.teams.indices)
        self.minuteLength = max(1, minuteLength)
        let warmUp = 130 * self.minuteLength
        lastChange = start - warmUp
        nextStep = lastChange + self.minuteLength
        nextGoal = lastChange
        nextCard = lastChange
        for index in 0..<Self.pitchCount {
            // One round takes about 120 steps: spreading the first kick-offs over it keeps some match in play always.
            pitches.append(drawFixture(steps: 1 + index * 13))
        }
        scheduleGoal(after: lastChange)
        scheduleCard(after: lastChange)
        advance(to: start)
    }

    /// Brings the league to `time` (milliseconds since 1970). A time in the past changes nothing.
    package mutating func advance(to time: Int) {
        while true {
            let due = min(nextStep, nextGoal, nextCard)
            guard due <= time else { return }
            if due == nextStep {
                for index in pitches.indices { step(index, at: due) }
                nextStep += minuteLength
            } else if due == nextGoal {
                scoreGoal(at: due)
                scheduleGoal(after: due)
            } else {
                showCard(at: due)
                scheduleCard(after: due)
            }
        }
    }

    /// The league as it stands, stamped with `generatedAt`.
    package func document(generatedAt: String) -> ScoreDocument {
        ScoreDocument(
            league: league.id,
            name: league.name,
            generatedAt: generatedAt,
            matchday: 1 + finishedMatches / Self.pitchCount,
            matches: pitches.map(\.match)
        )
    }

    // MARK: The clock

    private mutating func step(_ index: Int, at time: Int) {
        switch pitches[index].match.status {
        case .scheduled:
            guard restIsOver(index) else { return }
            pitches[index].match.status = .live
            pitches[index].match.minute = 1
            record(.kickoff, on: index, at: time)
        case .live:
            switch pitches[index].match.minute {
            case 45:
                pitches[index].match.status = .halfTime
                pitches[index].stepsLeft = Int.random(in: 6...10, using: &generator)
                record(.halfTime, on: index, at: time)
            case 90:
                pitches[index].match.status = .finished
                pitches[index].stepsLeft = Int.random(in: 10...14, using: &generator)
                finishedMatches += 1
                record(.fullTime, on: index, at: time)
            default:
                pitches[index].match.minute += 1
                lastChange = time
            }
        case .halfTime:
            guard restIsOver(index) else { return }
            pitches[index].match.status = .live
            pitches[index].match.minute = 46
            lastChange = time
        case .finished:
            guard restIsOver(index) else { return }
            idleTeams += [pitches[index].home, pitches[index].away]
            let steps = Int.random(in: 8...12, using: &generator)
            pitches[index] = drawFixture(steps: steps)
            lastChange = time
        }
    }

    private mutating func restIsOver(_ index: Int) -> Bool {
        pitches[index].stepsLeft -= 1
        return pitches[index].stepsLeft <= 0
    }

    private mutating func drawFixture(steps: Int) -> Pitch {
        let home = idleTeams.remove(at: Int.random(in: idleTeams.indices, using: &generator))
        let away = idleTeams.remove(at: Int.random(in: idleTeams.indices, using: &generator))
        lastMatchNumber += 1
        let match = ScoreDocument.Match(
            id: "\(league.id)-\(lastMatchNumber)",
            home: side(home),
            away: side(away),
            minute: 0,
            status: .scheduled,
            events: []
        )
        return Pitch(match: match, home: home, away: away, stepsLeft: steps)
    }

    private func side(_ team: Int) -> ScoreDocument.Side {
        ScoreDocument.Side(
            name: league.teams[team].name,
            short: league.teams[team].short,
            goals: 0,
            cards: ScoreDocument.Cards(yellow: 0, red: 0)
        )
    }

    // MARK: Goals and cards

    private mutating func scheduleGoal(after time: Int) {
        // 2 to 6.5 match minutes: with a minute of 2 s, a goal every 8.5 s somewhere, 3 in a match.
        nextGoal = time + max(1, Int.random(in: (minuteLength * 2)...(minuteLength * 13 / 2), using: &generator))
    }

    private mutating func scheduleCard(after time: Int) {
        nextCard = time + max(1, Int.random(in: (minuteLength * 3)...(minuteLength * 10), using: &generator))
    }

    private mutating func scoreGoal(at time: Int) {
        guard let index = drawPitchInPlay() else { return }
        let byHome = Int.random(in: 0..<100, using: &generator) < 55
        if byHome {
            pitches[index].match.home.goals += 1
        } else {
            pitches[index].match.away.goals += 1
        }
        record(.goal, on: index, byHome: byHome, at: time)
    }

    private mutating func showCard(at time: Int) {
        guard let index = drawPitchInPlay() else { return }
        let toHome = Bool.random(using: &generator)
        let isRed = Int.random(in: 0..<100, using: &generator) < 8
        var cards = toHome ? pitches[index].match.home.cards : pitches[index].match.away.cards
        if isRed { cards.red += 1 } else { cards.yellow += 1 }
        if toHome { pitches[index].match.home.cards = cards } else { pitches[index].match.away.cards = cards }
        record(isRed ? .red : .yellow, on: index, byHome: toHome, at: time)
    }

    private mutating func drawPitchInPlay() -> Int? {
        // Two places stay free for the half-time and full-time events.
        let inPlay = pitches.indices.filter { index in
            pitches[index].match.status == .live && pitches[index].match.events.count < Self.eventLimit - 2
        }
        return inPlay.randomElement(using: &generator)
    }

    private mutating func record(_ kind: ScoreDocument.Kind, on index: Int, byHome: Bool? = nil, at time: Int) {
        lastEventNumber += 1
        let match = pitches[index].match
        var player: String?
        if let byHome {
            let team = byHome ? pitches[index].home : pitches[index].away
            player = league.squad(of: team).randomElement(using: &generator)
        }
        let event = ScoreDocument.Event(
            id: "\(league.id)-e\(lastEventNumber)",
            minute: match.minute,
            type: kind,
            team: byHome.map { $0 ? match.home.short : match.away.short },
            player: player,
            at: time
        )
        pitches[index].match.events.append(event)
        lastChange = time
    }
}
