@testable import JSONDelta

/// A document that can be edited at random, for properties that must hold for any two documents.
indirect enum RandomDocument {
    case scalar(String)
    case array([RandomDocument])
    case object([(name: String, value: RandomDocument)])

    private static let scalars = [
        "null", "true", "false", "0", "1", "1.0", "1.10", "-2e5", #""""#, #""x""#, #""\u0061""#, #""é\n\"\\""#,
        #""\ud83d\ude00""#, #""\ud800""#, #""a somewhat longer text, as titles are""#,
    ]

    private static let names = [
        #""id""#, #""a""#, #""b""#, #""c""#, #""d""#, #""e""#, #""name""#, #""score""#, #""""#, #""a/b""#, #""m~n""#,
        #""é""#, #""\u00e9""#, #""\u0061""#, #""q\"""#, #""\n""#, #""_""#, #""__""#, #""\ud800""#, #""0""#, #""~1""#,
    ]

    static func make(_ depth: Int, _ random: inout SeededGenerator) -> RandomDocument {
        guard depth > 0, !random.chance(30) else { return scalar(random.pick(scalars)) }
        let count = Int.random(in: 0...6, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: return .array((0..<count).map { _ in make(depth - 1, &random) })
        case 1: return .array((0..<count).map { item($0, depth, &random) })
        default: return .object(members(count, depth, &random))
        }
    }

    private static func item(_ id: Int, _ depth: Int, _ random: inout SeededGenerator) -> RandomDocument {
        .object([(#""id""#, .scalar("\(id)"))] + members(2, depth, &random))
    }

    private static func members(
        _ count: Int,
        _ depth: Int,
        _ random: inout SeededGenerator
    ) -> [(name: String, value: RandomDocument)] {
        var result: [(name: String, value: RandomDocument)] = []
        for _ in 0..<count {
            let name = random.pick(names)
            // Repeated names are rare, but they do occur.
            if result.contains(where: { $0.name == name }), !random.chance(4) { continue }
            result.append((name, make(depth - 1, &random)))
        }
        return result
    }

    func edited(_ random: inout SeededGenerator) -> RandomDocument {
        switch self {
        case .scalar:
            return random.chance(60) ? .scalar(random.pick(Self.scalars)) : Self.make(2, &random)
        case .array(var items):
            guard !items.isEmpty, !random.chance(10) else {
                items.insert(Self.make(2, &random), at: Int.random(in: 0...items.count, using: &random))
                return .array(items)
            }
            let place = Int.random(in: 0..<items.count, using: &random)
            switch Int.random(in: 0..<8, using: &random) {
            case 0: items.remove(at: place)
            case 1: items.insert(Self.item(Int.random(in: 0..<20, using: &random), 2, &random), at: place)
            case 2:
                let moved = items.remove(at: place)
                items.insert(moved, at: Int.random(in: 0...items.count, using: &random))
            case 3: items.shuffle(using: &random)
            case 4: items.insert(items[place], at: 0)
            default: items[place] = items[place].edited(&random)
            }
            return .array(items)
        case .object(var members):
            guard !members.isEmpty else { return .object(Self.members(2, 2, &random)) }
            let place = Int.random(in: 0..<members.count, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0: members.remove(at: place)
            case 1: members.append((random.pick(Self.names), Self.make(2, &random)))
            case 2: members.insert((random.pick(Self.names), Self.make(2, &random)), at: place)
            case 3: members.append(members.remove(at: place))
            case 4: members.shuffle(using: &random)
            case 5: members[place].name = random.pick(Self.names)
            default: members[place].value = members[place].value.edited(&random)
            }
            return .object(members)
        }
    }

    var text: String {
        switch self {
        case .scalar(let text): text
        case .array(let items): "[" + items.map(\.text).joined(separator: ", ") + "]"
        case .object(let members): "{" + members.map { "\($0.name): \($0.value.text)" }.joined(separator: ",\n") + "}"
        }
    }
}

extension SeededGenerator {
    fileprivate mutating func pick(_ choices: [String]) -> String {
        choices[Int.random(in: 0..<choices.count, using: &self)]
    }
}
