import CFuzzer
import Properties

// fuzz TARGET [libFuzzer's options and corpus folders]

guard let target = Chosen.target else {
    let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: " ")
    print("usage: fuzz TARGET [OPTION | FOLDER]...\ntargets: \(names)")
    exit(64)
}

setenv(Chosen.variable, target.rawValue, 1)
// libFuzzer keeps the pointers for as long as it runs.
var arguments: [UnsafeMutablePointer<CChar>?] =
    ([CommandLine.arguments[0]] + Chosen.arguments).map { strdup($0) } + [nil]
var count = Int32(arguments.count - 1)
let status = arguments.withUnsafeMutableBufferPointer { buffer in
    var base = buffer.baseAddress
    return withUnsafeMutablePointer(to: &base) { pointer in
        pointer.withMemoryRebound(to: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?.self, capacity: 1) {
            LLVMFuzzerRunDriver(&count, $0) { data, size in
                Chosen.check(Array(UnsafeBufferPointer(start: data, count: size)))
                return 0
            }
        }
    }
}
exit(status)
