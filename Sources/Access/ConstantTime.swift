/// Whether two byte strings are equal, in a time that depends on their lengths alone: an early exit would tell a
/// guesser how many of its bytes were right.
func equalInConstantTime(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    return zip(left, right).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
}
