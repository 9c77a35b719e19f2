import Foundation

/// A document to measure with.
struct Document {
    let name: String
    let bytes: [UInt8]

    init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    init(file: String) throws {
        let url = URL(filePath: file)
        name = "\(url.deletingLastPathComponent().lastPathComponent)/\(url.lastPathComponent)"
        bytes = [UInt8](try Data(contentsOf: url))
    }

    /// Matches with their teams, goals and odds, about `size` bytes of JSON without white space.
    ///
    /// - Parameter minute: a member of the match in the middle, to change.
    static func matches(size: Int, minute: Int = 10) -> Document {
        func match(_ id: Int, minute: Int) -> String {
            let goals = (0..<3).map { #"{"player":"Player \#(id * 7 + $0)","minute":\#($0 * 20 + 3),"own":false}"# }
            return #"{"id":\#(id),"home":"Team \#(id % 40)","away":"Team \#((id + 7) % 40)","minute":\#(minute),"#
                + #""score":[2,1],"goals":[\#(goals.joined(separator: ","))],"odds":{"home":1.\#(id % 90 + 10),"#
                + #""draw":3.25,"away":4.\#(id % 80 + 10)},"venue":null,"note":"Stadium \"Zürich\", row \#(id)"}"#
        }
        let count = size / match(1000, minute: 10).utf8.count
        let items = (0..<count).map { match(1000 + $0, minute: $0 == count / 2 ? minute : 10) }
        return Document(
            name: "matches",
            bytes: Array(#"{"matches":[\#(items.joined(separator: ","))]}"#.utf8)
        )
    }
}
