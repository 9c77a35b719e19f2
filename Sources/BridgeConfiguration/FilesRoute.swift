/// A route that serves a folder: every path below the route's own.
package struct FilesRoute: Sendable, Equatable {
    /// The folder's absolute path. It existed when the configuration was read.
    package let root: String
    /// The file that stands for a folder: a plain name.
    package let index: String

    static let keys = ["root", "index"]

    init?(reading field: Field, path: PathTemplate?) {
        guard let section = field.section(keys: Self.keys) else { return nil }
        if let path, let parameter = path.parameters.first {
            section.field.fail("the path of a files route has no parameters", hint: "leave out {\(parameter)}")
        }
        index = section["index"]?.parsed(Self.plainName) ?? "index.html"
        guard let root = section.required("root")?.existingPath(.folder) else { return nil }
        self.root = root
    }

    private static func plainName(_ text: String) throws(Mistake) -> String {
        guard !text.isEmpty, text != ".", text != "..", !text.contains("/") else {
            throw Mistake("expected a plain file name such as \"index.html\", found \(quoted(text))")
        }
        return text
    }
}
