import CCurl

/// The library that fetches. It is looked for when the program runs, so that a machine without it can be told so.
package enum Libcurl {
    /// Why it cannot be used on this machine, as the dynamic linker puts it; nil where it can. Any thread.
    package static var failure: String? { ccurl_load().map { String(cString: $0) } }
}
