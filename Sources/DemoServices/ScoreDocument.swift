import Foundation

/// What the legacy API answers for one league. Members are encoded in alphabetical order, so that equal states are
/// equal bytes.
package struct ScoreDocument: Codable, Sendable, Equatable {
    /// The league's id, as in `?league=`.
    package var league: String
    /// The league's name, for people.
    package var name: String
    /// When this answer was made, ISO 8601 with milliseconds. Volatile: different in each answer.
    package var generatedAt: String
    /// The round being played, counted from 1.
    package var matchday: Int
    /// One entry a pitch; a finished match gives its place to the next fixture.
    package var matches: [Match]

    /// One fixture and its state.
    package struct Match: Codable, Sendable, Equatable {
        /// Unique within the league, never used again.
        package var id: String
        /// The team that plays at home.
        package var home: Side
        /// The visiting team.
        package var away: Side
        /// 0 before the kick-off, then 1 to 90.
        package var minute: Int
        /// Where the match stands.
        package var status: Status
        /// Oldest first; at most ``LeagueSimulation/eventLimit``.
        package var events: [Event]
    }

    /// One team's part of a match.
    package struct Side: Codable, Sendable, Equatable {
        /// The full name.
        package var name: String
        /// Three letters, unique within the league.
        package var short: String
        /// Goals scored in this match.
        package var goals: Int
        /// Cards shown to this team in this match.
        package var cards: Cards
    }

    /// Cards shown to a team.
    package struct Cards: Codable, Sendable, Equatable {
        /// Cautions.
        package var yellow: Int
        /// Sendings-off.
        package var red: Int
    }

    /// Something that happened in a match.
    package struct Event: Codable, Sendable, Equatable {
        /// Unique within the league, never used again.
        package var id: String
        /// The match's clock when it happened.
        package var minute: Int
        /// What happened.
        package var type: Kind
        /// The short name of the team concerned; absent where it concerns both.
        package var team: String?
        /// The player concerned, if one is.
        package var player: String?
        /// When it happened, in milliseconds since 1970: lets a viewer measure how old news is on arrival.
        package var at: Int
    }

    /// The state of a match.
    package enum Status: String, Codable, Sendable {
        case scheduled
        case live
        case halfTime = "half-time"
        case finished
    }

    /// The kind of an event.
    package enum Kind: String, Codable, Sendable {
        case kickoff
        case goal
        case yellow
        case red
        case halfTime = "half-time"
        case fullTime = "full-time"
    }
}

extension Encodable {
    /// JSON as the legacy API writes it: UTF-8, sorted members, slashes as they are.
    func legacyJSON() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self)
    }
}
