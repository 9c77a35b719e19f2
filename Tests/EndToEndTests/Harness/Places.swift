import Foundation

/// Where things are.
enum Places {
    /// The folder with Package.swift.
    static let package = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Recorded answers of real endpoints, beside the repository.
    static let feeds = package.deletingLastPathComponent().appending(path: "shared/feeds")

    static let scripts = package.appending(path: "Tests/EndToEndTests/Python")

    /// The program under test: it is built into the folder of the test bundle, whatever the configuration.
    static let program: URL = {
        let folders = [
            Bundle.main.executableURL, URL(filePath: CommandLine.arguments[0]), URL(filePath: "/proc/self/exe"),
        ].compactMap { $0?.resolvingSymlinksInPath().deletingLastPathComponent() }
        let candidates = folders.map { $0.appending(path: "pushbridge") }
        return candidates.first { FileManager.default.isExecutableFile(atPath: $0.path()) }
            ?? package.appending(path: ".build/debug/pushbridge")
    }()

    /// The interpreter of the virtual environment that `make test` makes.
    static func python() throws -> URL {
        let python = package.appending(path: ".build/venv/bin/python")
        guard FileManager.default.isExecutableFile(atPath: python.path()) else { throw MissingEnvironment() }
        return python
    }

    struct MissingEnvironment: Error, CustomStringConvertible {
        let description = "Python's websockets are not installed in .build/venv: run `make test`, which installs them"
    }
}

/// A folder that goes away with the last reference to it.
final class TemporaryFolder: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "pushbridge-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }

    /// Writes a file, with the folders on its way.
    @discardableResult
    func write(_ path: String, _ content: Data) throws -> URL {
        let file = url.appending(path: path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        try content.write(to: file)
        return file
    }

    @discardableResult
    func write(_ path: String, _ content: String) throws -> URL {
        try write(path, Data(content.utf8))
    }
}
