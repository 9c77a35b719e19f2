import Properties

#if canImport(Glibc)
    @_exported import Glibc
#elseif canImport(Musl)
    @_exported import Musl
#endif

/// The target that the command line names: a C callback can capture nothing.
enum Chosen {
    static let target = CommandLine.arguments.dropFirst().first.flatMap(FuzzTarget.init(rawValue:))

    /// Stops the program where the property does not hold: libFuzzer then keeps the input.
    static func check(_ bytes: [UInt8]) {
        do throws(PropertyViolation) {
            try target?.check(bytes)
        } catch {
            fatalError(error.description)
        }
    }
}
