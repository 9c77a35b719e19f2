// How fast JSON is indexed, beside Foundation's JSONSerialization in the same run, and what a difference costs:
//
//     json [FILE...]
//
// FILEs are JSON documents to parse besides the generated one of 1 MB.

import Foundation
import JSONDelta

/// The best of many runs, in seconds: what the work itself costs, without what others took of the machine.
func fastest(of body: () throws -> Void) rethrows -> Double {
    let clock = ContinuousClock()
    let end = clock.now + .milliseconds(700)
    var best = Double.infinity
    var runs = 0
    while clock.now < end || runs < 5 {
        best = min(best, try clock.measure(body) / .seconds(1))
        runs += 1
    }
    return best
}

func column(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
}

func row(_ cells: [String]) {
    print("| " + zip(cells, [34, 9, 12, 18, 6]).map { column($0, $1) }.joined(separator: " | ") + " |")
}

func number(_ value: Double, _ digits: Int = 0) -> String { String(format: "%.\(digits)f", value) }

nonisolated(unsafe) var kept = 0

let million = Document.matches(size: 1_000_000)
let documents = [million] + (try CommandLine.arguments.dropFirst().map { try Document(file: $0) })

print("\nJSON: one pass to an index over the bytes, one core; MB are 10^6 bytes of the text as it came\n")
row(["document", "KB", "index MB/s", "Foundation MB/s", "times"])
row(["---", "---", "---", "---", "---"])
for document in documents {
    let data = Data(document.bytes)
    let ours = try fastest { kept &+= try JSONDocument(parsing: document.bytes).bytes.count }
    let theirs = try fastest {
        let value = try JSONSerialization.jsonObject(with: data, options: [.fragmentsAllowed])
        kept &+= value is [Any] ? 1 : 0
    }
    let size = Double(document.bytes.count)
    row([
        document.name, number(size / 1000), number(size / ours / 1e6), number(size / theirs / 1e6),
        number(theirs / ours, 1),
    ])
}

let old = try JSONDocument(parsing: million.bytes)
let changed = try JSONDocument(parsing: Document.matches(size: 1_000_000, minute: 11).bytes)
let text = String(decoding: million.bytes, as: UTF8.self)
let inserted = try JSONDocument(
    parsing: Array(text.replacing(#"{"matches":["#, with: #"{"matches":[{"id":1,"home":"New","away":"Newer"},"#).utf8)
)
print("\nDifferences in that document, from indexed to the patch's bytes\n")
row(["change", "patch B", "ms", "with keys ms", ""])
row(["---", "---", "---", "---", "---"])
let keyed = DiffOptions(keys: [(pattern: try JSONPointerPattern("/matches"), member: "id")])
for (name, new) in [("one member in the middle", changed), ("an item at the head of the list", inserted)] {
    let patch = JSONPatch.diff(from: old, to: new)
    let plain = fastest { kept &+= JSONPatch.diff(from: old, to: new).count }
    let withKeys = fastest { kept &+= JSONPatch.diff(from: old, to: new, options: keyed).count }
    row([name, "\(patch.bytes.count)", number(plain * 1000, 2), number(withKeys * 1000, 2), ""])
}
let equal = fastest { kept &+= old.isEqual(to: changed) ? 1 : 0 }
print("\nWhether they say the same: \(number(equal * 1000, 2)) ms")
