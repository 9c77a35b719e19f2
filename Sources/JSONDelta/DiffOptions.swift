/// What a comparison of two documents is told about them.
package struct DiffOptions: Sendable {
    /// Arrays whose items have an identity: the arrays that `pattern` names hold objects whose scalar member `member`
    /// tells them apart. The first pattern that matches counts.
    ///
    /// Where several items have one key, the first of them is taken for the first, and so on. An array that holds an
    /// item without a key is compared as if it had none.
    package var keys: [(pattern: JSONPointerPattern, member: String)]

    /// How many steps the search for the longest common subsequence of array items may take in one comparison.
    ///
    /// Past it items are matched by content in order of appearance, in linear time: the patch is still exact, but may
    /// be larger than it had to be.
    package var workLimit: Int

    /// Options; without `keys` the items of an array are matched by content and by members that look like an identity.
    package init(keys: [(pattern: JSONPointerPattern, member: String)] = [], workLimit: Int = 1 << 20) {
        self.keys = keys
        self.workLimit = workLimit
    }
}
