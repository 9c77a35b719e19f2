/// A stock exchange of invented companies: a value without I/O or clock of its own.
///
/// Prices take a random step every ``stepLength``; a few of the companies at a time, as trades come in.
struct MarketSimulation: Sendable {
    /// Milliseconds between two rounds of trades.
    static let stepLength = 250
    /// After a longer pause the market goes on from now: what nobody saw need not be worked through.
    private static let longestCatchUp = 600_000

    /// What the legacy API answers. Prices are decimal fractions with two digits.
    struct Board: Codable, Sendable, Equatable {
        /// The time of the newest trade, in milliseconds since 1970.
        var at: Int
        var currency: String
        /// One entry a company, always in the same order.
        var quotes: [Quote]
    }

    struct Quote: Codable, Sendable, Equatable {
        /// Three to four letters, unique.
        var symbol: String
        var name: String
        var price: Double
        /// The price when trading began; what `change` is measured against.
        var open: Double
        /// `price` less `open`.
        var change: Double
        /// Shares traded so far.
        var volume: Int
    }

    private struct Company: Sendable {
        var symbol: String
        var name: String
        var openCents: Int
        var cents: Int
        var volume: Int
    }

    private var generator: SeededGenerator
    private var companies: [Company]
    private var nextStep: Int
    private(set) var lastChange: Int

    init(seed: UInt64, start: Int) {
        generator = SeededGenerator(seed: seed ^ fnv1a("market".utf8))
        companies = Self.listed.map { symbol, name, cents in
            Company(symbol: symbol, name: name, openCents: cents, cents: cents, volume: 0)
        }
        lastChange = start
        nextStep = start + Self.stepLength
    }

    /// Works through the trades that are due at `now` (milliseconds since 1970).
    mutating func advance(to now: Int) {
        if now - nextStep > Self.longestCatchUp { nextStep = now }
        while nextStep <= now {
            for _ in 0..<Int.random(in: 1...4, using: &generator) { trade() }
            lastChange = nextStep
            nextStep += Self.stepLength
        }
    }

    private mutating func trade() {
        let index = Int.random(in: companies.indices, using: &generator)
        let company = companies[index]
        let widest = max(1, company.cents / 250)
        // Drawn back towards the opening price, so that no price runs away in a demo that goes on for days.
        let pull = (company.openCents - company.cents) / 60
        companies[index].cents = max(1, company.cents + pull + Int.random(in: -widest...widest, using: &generator))
        companies[index].volume += 10 * Int.random(in: 1...60, using: &generator)
    }

    var board: Board {
        Board(
            at: lastChange,
            currency: "EUR",
            quotes: companies.map { company in
                Quote(
                    symbol: company.symbol,
                    name: company.name,
                    price: Double(company.cents) / 100,
                    open: Double(company.openCents) / 100,
                    change: Double(company.cents - company.openCents) / 100,
                    volume: company.volume
                )
            }
        )
    }

    private static let listed: [(String, String, Int)] = [
        ("ALDR", "Alder & Sons", 4_210), ("BRCK", "Brickfield Mining", 1_875), ("CASC", "Cascade Water", 9_630),
        ("DUNE", "Dunelight Solar", 2_745), ("EMBR", "Ember Foods", 5_580), ("FJRD", "Fjordline Shipping", 13_420),
        ("GLAS", "Glasswing Optics", 22_150), ("HARB", "Harbour Trust", 3_365), ("IRON", "Ironbark Steel", 6_790),
        ("JUNO", "Juno Aviation", 18_905), ("KELP", "Kelp Biotech", 810), ("LARK", "Lark Telecom", 2_290),
        ("MOSS", "Mossgreen Retail", 4_975), ("NIMB", "Nimbus Cloudworks", 31_260),
        ("ORCH", "Orchard Insurance", 7_140),
        ("PIKE", "Pike River Power", 1_120),
    ]
}
