extension ScoreDocument {
    /// The same scores as an XML feed of the old kind: attributes for what identifies, elements for what is said.
    func legacyXML() -> String {
        var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        text += "<scores league=\"\(league.escapedForXML)\" matchday=\"\(matchday)\""
        text += generatedAt.isEmpty ? ">\n" : " generatedAt=\"\(generatedAt)\">\n"
        text += "  <name>\(name.escapedForXML)</name>\n"
        for match in matches {
            text += "  <match id=\"\(match.id.escapedForXML)\" status=\"\(match.status.rawValue)\">\n"
            text += "    <minute>\(match.minute)</minute>\n"
            for (element, side) in [("home", match.home), ("away", match.away)] {
                text += "    <\(element) short=\"\(side.short.escapedForXML)\" yellow=\"\(side.cards.yellow)\""
                text += " red=\"\(side.cards.red)\" goals=\"\(side.goals)\">\(side.name.escapedForXML)</\(element)>\n"
            }
            for event in match.events {
                text += "    <event id=\"\(event.id.escapedForXML)\" minute=\"\(event.minute)\""
                text += " type=\"\(event.type.rawValue)\""
                if let team = event.team { text += " team=\"\(team.escapedForXML)\"" }
                text += " at=\"\(event.at)\""
                text += event.player.map { ">\($0.escapedForXML)</event>\n" } ?? "/>\n"
            }
            text += "  </match>\n"
        }
        return text + "</scores>\n"
    }
}

extension String {
    /// For element text and for attribute values between double quotes.
    fileprivate var escapedForXML: String {
        var result = ""
        for character in self {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
        return result
    }
}
