/// `${NAME}` in strings, filled in from the environment. `$${` stands for a literal `${`.
enum Substitution {
    static func expand(_ text: String, environment: [String: String]) throws(Mistake) -> String {
        var result = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[dollar...]
            if rest.hasPrefix("$${") {
                result += "${"
                rest = rest.dropFirst(3)
            } else if rest.hasPrefix("${") {
                guard let end = rest.firstIndex(of: "}") else {
                    throw Mistake("\"${\" without \"}\"", hint: "write \"$${\" for a literal \"${\"")
                }
                let name = rest[rest.index(dollar, offsetBy: 2)..<end]
                guard ASCII.isName(name) else {
                    throw Mistake(
                        "\(quoted("${\(name)}")) does not name an environment variable",
                        hint: "write \"$${\" for a literal \"${\""
                    )
                }
                guard let value = environment[String(name)] else {
                    throw Mistake("the environment variable \(name) is not set")
                }
                // A POSIX environment cannot hold one, but a caller's dictionary can.
                if value.utf8.contains(0) { throw Mistake("the environment variable \(name) has a NUL") }
                result += value
                rest = rest[rest.index(after: end)...]
            } else {
                result += "$"
                rest = rest.dropFirst()
            }
        }
        return result + rest
    }
}
