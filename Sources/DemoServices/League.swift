/// A league of invented teams and players.
package struct League: Sendable {
    /// A team: its name and three letters for narrow columns.
    package struct Team: Sendable, Equatable {
        /// The full name.
        package let name: String
        /// Three letters, unique within the league.
        package let short: String
    }

    /// The id used in URLs.
    package let id: String
    /// The name for people.
    package let name: String
    /// Twenty teams: two more than play at once.
    package let teams: [Team]
    private let givenNames: [String]
    private let familyNames: [String]

    private init(id: String, name: String, teams: [(String, String)], given: String, family: String) {
        self.id = id
        self.name = name
        self.teams = teams.map { Team(name: $0.0, short: $0.1) }
        givenNames = given.split(separator: " ").map(String.init)
        familyNames = family.split(separator: " ").map(String.init)
    }

    /// The eleven players of a team: always the same ones.
    package func squad(of team: Int) -> [String] {
        (0..<11).map { number in
            let given = givenNames[(team * 7 + number * 3) % givenNames.count]
            let family = familyNames[(team * 11 + number) % familyNames.count]
            return "\(given) \(family)"
        }
    }

    /// Every league of the demo, in the order of the list that the API gives.
    package static let all: [League] = [premier, laliga, bundesliga, seriea]

    private static let premier = League(
        id: "premier",
        name: "Premier Division",
        teams: [
            ("Ashford Vale", "ASH"), ("Brackwater Town", "BRA"), ("Carrow Heath", "CAR"), ("Dunmere Athletic", "DUN"),
            ("Eastbeck Rovers", "EAS"), ("Fennhaven", "FEN"), ("Grimsdale United", "GRI"), ("Hollowbridge", "HOL"),
            ("Ironmoor City", "IRO"), ("Kestrel Park", "KES"), ("Larkstone Wanderers", "LAR"), ("Millbrae", "MIL"),
            ("Northwick Albion", "NOR"), ("Oakhurst Rangers", "OAK"), ("Pelham Quay", "PEL"), ("Ravensby", "RAV"),
            ("Saltmarsh County", "SAL"), ("Thornley Forge", "THO"), ("Underhill Town", "UND"), ("Wexmouth", "WEX"),
        ],
        given: "Alfie Ben Callum Dan Ewan Finn George Harvey Isaac Jude Kit Lewis Max Noah Owen Percy Reece Sam",
        family: """
            Aldcroft Barrowby Coldwell Dray Elmstead Fairlow Garrick Holloway Inskip Jessop Kerrow Lockyer Marsden \
            Nettleby Orwick Penhale Quill Rudge Stannard Tolley Umber Varley Wadlow Yardley Ashby Brand Crewe Dunning
            """
    )

    private static let laliga = League(
        id: "laliga",
        name: "Liga del Sol",
        teams: [
            ("Atlético Almenara", "ALM"), ("Balandra CF", "BAL"), ("Costa Brisa", "COS"),
            ("Deportivo Duero Alto", "DUE"),
            ("Estrella del Faro", "EST"), ("Fuentemar", "FUE"), ("Guadalmar", "GUA"), ("Real Herrería", "HER"),
            ("Isla Serena", "ISL"), ("Jarama Unido", "JAR"), ("Lagunilla", "LAG"), ("Monteluz", "MON"),
            ("Naranjal CF", "NAR"), ("Olivares Sport", "OLI"), ("Peñaclara", "PEN"), ("Quintasol", "QUI"),
            ("Rocafría", "ROC"), ("Sierra Nevosa", "SIE"), ("Torre Vieja Mar", "TOR"), ("Valdeluna", "VAL"),
        ],
        given: "Adrián Bruno César Diego Elías Fermín Gael Hugo Iván Joel Leo Mateo Nico Óscar Pau Rubén Saúl Unai",
        family: """
            Abascal Bermejo Cabañas Dorado Escudero Fontana Granero Hinojosa Ibarra Jurado Lozano Madrigal Noriega \
            Olmedo Pedraza Quiroga Rivas Salcedo Tejada Urbina Valverde Zorrilla Arroyo Bravo Campos Durán
            """
    )

    private static let bundesliga = League(
        id: "bundesliga",
        name: "Liga der Bünde",
        teams: [
            ("SV Altmühlberg", "ALT"), ("Borkhagen 09", "BOR"), ("FC Dreiseen", "DRE"), ("TSV Eschenfurt", "ESC"),
            ("Falkental", "FAL"), ("SpVgg Grünwaldau", "GRU"), ("Hafenstadt 1903", "HAF"), ("VfL Ilmenbrück", "ILM"),
            ("Jadebusen SC", "JAD"), ("Kaltenstein", "KAL"), ("Lindenhorst", "LIN"), ("Mühlenau 04", "MUH"),
            ("SC Neckarhöhe", "NEC"), ("Oderbruch 98", "ODE"), ("FC Pappelhain", "PAP"), ("Rotenfels", "ROT"),
            ("TuS Silberbach", "SIL"), ("Tannenried", "TAN"), ("Union Ufersand", "UFE"), ("Wolkenstein 07", "WOL"),
        ],
        given: "Anton Bastian Carl Emil Felix Gregor Hannes Jannik Konrad Lukas Moritz Nils Ole Paul Rasmus Till Veit",
        family: """
            Ahrens Brückner Clausen Dörfler Ebeling Färber Gerstner Hollmann Immel Jäger Köster Lorenzen Mahler Nagel \
            Oswald Petzold Quast Reimers Stöver Thelen Uhlig Vogt Wieland Zeidler Anders Böhm Dietz
            """
    )

    private static let seriea = League(
        id: "seriea",
        name: "Serie Aurora",
        teams: [
            ("Acquachiara", "ACQ"), ("Borgo Marino", "BOR"), ("Castelvento", "CAS"), ("Dolcemonte", "DOL"),
            ("Est Laguna", "ELA"), ("Fiordaliso", "FIO"), ("Grottaferro", "GRO"), ("Virtus Isolabella", "ISO"),
            ("Lidoverde", "LID"), ("Montecalmo", "MON"), ("Nuova Nembia", "NEM"), ("Oltremare", "OLT"),
            ("Pratolungo", "PRA"), ("Querceta Alta", "QUE"), ("Roccalunga", "ROC"), ("Santafiora", "SAN"),
            ("Torrebruna", "TOR"), ("Umbria Nord", "UMB"), ("Valpiana", "VAL"), ("Zefiro Calcio", "ZEF"),
        ],
        given: "Aldo Bruno Carlo Dario Elio Fabio Gianni Ivo Lapo Marco Nino Orso Piero Remo Sandro Tullio Ugo Vito",
        family: """
            Albani Bellucci Cortese Donati Evangelisti Fabbri Galante Innocenti Lombardi Manetti Nardi Orlandi Pacini \
            Querini Renzi Salvetti Tosi Ubaldi Vannucci Zanetti Arrighi Benelli Conti Dini Ferri Guidi
            """
    )
}
