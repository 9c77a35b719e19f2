import Properties

#if canImport(Glibc)
    @_exported import Glibc
#elseif canImport(Musl)
    @_exported import Musl
#endif

/// The target that the command line names: a C callback can capture nothing.
enum Chosen {
    /// Tells the processes that libFuzzer starts for a merge, which it gives only its own arguments.
    static let variable = "PUSHBRIDGE_FUZZ_TARGET"

    private static let inherited = getenv(variable).flatMap { FuzzTarget(rawValue: String(cString: $0)) }
    private static let named = CommandLine.arguments.dropFirst().first.flatMap(FuzzTarget.init(rawValue:))

    static let target = inherited ?? named

    /// The arguments that are libFuzzer's: it must not take the target's name for a folder.
    static let arguments = Array(CommandLine.arguments.dropFirst(inherited == nil ? 2 : 1))

    /// Stops the program where the property does not hold: libFuzzer then keeps the input.
    static func check(_ bytes: [UInt8]) {
        do throws(PropertyViolation) {
            try target?.check(bytes)
        } catch {
            fatalError(error.description)
        }
    }
}
