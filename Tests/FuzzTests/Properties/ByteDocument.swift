/// JSON texts made of a fuzzer's choices: every input is a document, so that none is wasted on the grammar.
struct ByteDocument {
    private static let scalars = [
        "null", "true", "false", "0", "1", "1.0", "1.10", "-2e5", #""""#, #""x""#, #""\u0061""#, #""é\n\"\\""#,
        #""\ud83d\ude00""#, #""\ud800""#, #""a somewhat longer text, as titles are""#,
    ]

    private static let names = [
        #""id""#, #""a""#, #""b""#, #""c""#, #""name""#, #""""#, #""a/b""#, #""m~n""#, #""é""#, #""\u00e9""#,
        #""\u0061""#, #""q\"""#, #""0""#, #""~1""#, #""-""#, #""\ud800""#,
    ]

    /// A text, and the same with some of its parts chosen anew.
    static func pair(_ source: inout ByteSource) -> (old: [UInt8], new: [UInt8]) {
        var old: [UInt8] = []
        var new: [UInt8] = []
        write(5, &source, &old, &new)
        return (old, new)
    }

    private static func write(_ depth: Int, _ source: inout ByteSource, _ old: inout [UInt8], _ new: inout [UInt8]) {
        let choice = source.byte()
        switch choice & 7 {
        case 0, 1:
            let text = scalars[source.below(scalars.count)]
            old += text.utf8
            new += text.utf8
        case 2:
            old += scalars[source.below(scalars.count)].utf8
            new += scalars[source.below(scalars.count)].utf8
        case 3 where depth > 0:
            var unused: [UInt8] = []
            write(depth - 1, &source, &old, &unused)
            write(depth - 1, &source, &new, &unused)
        case 4, 5,
            6 where depth > 0:
            writeContainer(isObject: choice & 7 == 4, count: Int(choice >> 3) & 7, depth, &source, &old, &new)
        default:
            old += "{}".utf8
            new += choice & 8 == 0 ? "{}".utf8 : "[]".utf8
        }
    }

    private static func writeContainer(
        isObject: Bool,
        count: Int,
        _ depth: Int,
        _ source: inout ByteSource,
        _ old: inout [UInt8],
        _ new: inout [UInt8]
    ) {
        var (oldParts, newParts): ([[UInt8]], [[UInt8]]) = ([], [])
        for _ in 0..<(depth > 0 ? count : 0) {
            var before: [UInt8] = []
            if isObject {
                before += names[source.below(names.count)].utf8
                before.append(UInt8(ascii: ":"))
            }
            var after = before
            write(depth - 1, &source, &before, &after)
            switch source.byte() & 7 {
            case 0: oldParts.append(before)
            case 1: newParts.append(after)
            case 2:
                oldParts.append(before)
                newParts.insert(after, at: 0)
            default:
                oldParts.append(before)
                newParts.append(after)
            }
        }
        for (output, parts) in [(0, oldParts), (1, newParts)] {
            var text = Array((isObject ? "{" : "[").utf8)
            text += parts.joined(separator: [UInt8(ascii: ",")])
            text += (isObject ? "}" : "]").utf8
            if output == 0 { old += text } else { new += text }
        }
    }
}
