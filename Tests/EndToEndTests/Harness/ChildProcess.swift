import Foundation
import Glibc
import Synchronization

/// A program that a test runs: its output is collected as it comes, and it never outlives the test.
final class ChildProcess: Sendable {
    enum Ending: Sendable, Equatable {
        case exited(Int32)
        case killed(signal: Int32)
    }

    private struct State {
        var output = Data()
        var errors = Data()
        var outputHasEnded = false
        var errorsHaveEnded = false
        var ending: Ending?
        /// Where the next line of output begins.
        var lineStart = 0
    }

    let processIdentifier: pid_t
    private let state: SharedState
    private let input: FileHandle

    private final class SharedState: Sendable {
        let value = Mutex(State())
    }

    /// Not enough of something to start a program.
    struct CannotStart: Error {
        let executable: String
        let code: Int32
    }

    /// What programs are given: of the tests' own environment only what says how the bridge is tested, and not a proxy that
    /// would stand between a client and 127.0.0.1.
    static let standardEnvironment = {
        let passedOn = ["ASAN_OPTIONS", "TSAN_OPTIONS", "PUSHBRIDGE_IO_URING"]
        return ProcessInfo.processInfo.environment.filter { passedOn.contains($0.key) }
            .merging(["PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"]) { $1 }
    }()

    /// Whether the tests run for scripts/sanitize.
    static var isSanitized: Bool { ProcessInfo.processInfo.environment["ASAN_OPTIONS"] != nil }

    /// - Parameters:
    ///   - environment: all of it.
    init(
        _ executable: URL,
        _ arguments: [String],
        environment: [String: String] = standardEnvironment,
        directory: URL? = nil
    ) throws {
        // Foundation's Process now and then misses the end of one of many children, so they are started by hand.
        let (identifier, input, output, errors) = try Self.starting.withLock { _ in
            try Self.start(executable, arguments, environment: environment, directory: directory)
        }
        processIdentifier = identifier
        self.input = FileHandle(fileDescriptor: input, closeOnDealloc: true)
        let state = SharedState()
        self.state = state
        Self.collect(output) { data in
            state.value.withLock { data.isEmpty ? $0.outputHasEnded = true : $0.output.append(data) }
        }
        Self.collect(errors) { data in
            state.value.withLock { data.isEmpty ? $0.errorsHaveEnded = true : $0.errors.append(data) }
        }
        Thread.detachNewThread { Self.awaitEnd(of: identifier, state: state) }
    }

    /// One at a time, so that no child inherits the pipes of another.
    private static let starting = Mutex(())

    private static func start(
        _ executable: URL,
        _ arguments: [String],
        environment: [String: String],
        directory: URL?
    ) throws -> (pid_t, input: Int32, output: Int32, errors: Int32) {
        let (output, errors, input) = (try pipe(), try pipe(), try pipe())
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input.reading, 0)
        posix_spawn_file_actions_adddup2(&actions, output.writing, 1)
        posix_spawn_file_actions_adddup2(&actions, errors.writing, 2)
        closeEverythingElse(&actions)
        // `env` becomes the program, so the process is the same.
        let first = directory == nil ? executable.path() : "/usr/bin/env"
        let words = [first] + (directory.map { ["-C", $0.path(), executable.path()] } ?? []) + arguments
        var argumentPointers = words.map { strdup($0) } + [nil]
        var environmentPointers = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { for pointer in argumentPointers + environmentPointers { free(pointer) } }
        var identifier = pid_t()
        let code = posix_spawn(&identifier, first, &actions, nil, &argumentPointers, &environmentPointers)
        for descriptor in [input.reading, output.writing, errors.writing] { close(descriptor) }
        guard code == 0 else {
            for descriptor in [input.writing, output.reading, errors.reading] { close(descriptor) }
            throw CannotStart(executable: executable.path(), code: code)
        }
        return (identifier, input.writing, output.reading, errors.reading)
    }

    /// The sockets of the test are not the child's: a listener that lived on in a child would go on listening.
    private static func closeEverythingElse(_ actions: inout posix_spawn_file_actions_t) {
        typealias AddCloseFrom = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
        // glibc 2.34 has it, and hides it from Swift.
        if let symbol = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") {
            _ = unsafeBitCast(symbol, to: AddCloseFrom.self)(&actions, 3)
            return
        }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        for descriptor in names.compactMap({ Int32($0) }) where descriptor > 2 {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
    }

    /// Descriptors that no other child inherits.
    private static func pipe() throws -> (reading: Int32, writing: Int32) {
        var descriptors: [Int32] = [0, 0]
        guard Glibc.pipe(&descriptors) == 0 else { throw CannotStart(executable: "pipe", code: errno) }
        for descriptor in descriptors { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        return (descriptors[0], descriptors[1])
    }

    /// Reads to the end on a thread of its own; empty data is the end.
    private static func collect(_ descriptor: Int32, _ take: @escaping @Sendable (Data) -> Void) {
        Thread.detachNewThread {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = read(descriptor, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                take(Data(buffer.prefix(max(0, count))))
                if count <= 0 { break }
            }
            close(descriptor)
        }
    }

    private static func awaitEnd(of identifier: pid_t, state: SharedState) {
        // Looked at without reaping first, so that nobody signals a process identifier that was given away again.
        var information = siginfo_t()
        while waitid(P_PID, id_t(identifier), &information, WEXITED | WNOWAIT) < 0, errno == EINTR {}
        state.value.withLock { state in
            var status: Int32 = 0
            waitpid(identifier, &status, 0)
            let signal = status & 0x7F
            state.ending = signal == 0 ? .exited(status >> 8 & 0xFF) : .killed(signal: signal)
        }
    }

    deinit {
        signal(SIGKILL)
    }

    /// Runs `pushbridge` with a terminal as its standard input, output and error.
    static func onTerminal(_ arguments: [String]) throws -> ChildProcess {
        let script = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
        return try ChildProcess(try Places.python(), ["-c", script, Places.program.path()] + arguments)
    }

    /// What the program wrote to standard output so far.
    var output: Data { state.value.withLock { $0.output } }
    /// What it wrote to standard error so far.
    var errors: String { String(decoding: state.value.withLock { $0.errors }, as: UTF8.self) }
    var ending: Ending? { state.value.withLock { $0.ending } }

    /// Harmless where it has ended.
    func signal(_ number: Int32) {
        state.value.withLock { state in
            if state.ending == nil { kill(processIdentifier, number) }
        }
    }

    func write(line: String) throws {
        try input.write(contentsOf: Data((line + "\n").utf8))
    }

    func closeInput() throws {
        try input.close()
    }

    /// The next line of standard output; nil at its end.
    func line(within limit: Duration = patience) async throws -> String? {
        try await eventually(
            "a line of output",
            within: limit,
            seen: { String(decoding: self.output.suffix(500), as: UTF8.self) + self.errors.suffix(2000) }
        ) { () -> String?? in
            state.value.withLock { state -> String?? in
                let rest = state.output[state.lineStart...]
                guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else {
                    return state.outputHasEnded ? .some(nil) : nil
                }
                state.lineStart = end + 1
                return String(decoding: rest[..<end], as: UTF8.self)
            }
        }
    }

    /// Waits until all of these are in what it wrote to standard error, which comes some time after what it did.
    func says(_ words: String...) async throws {
        try await eventually("\(words) in the log", seen: { String(self.errors.suffix(2000)) }) {
            let errors = errors
            return words.allSatisfy { errors.contains($0) }
        }
    }

    /// Waits for the program's end and that of its output; kills it at the deadline.
    @discardableResult
    func end(within limit: Duration = patience) async throws -> Ending {
        do {
            return try await eventually("the program's end", within: limit, seen: { String(self.errors.suffix(2000)) })
            {
                state.value.withLock { $0.outputHasEnded && $0.errorsHaveEnded ? $0.ending : nil }
            }
        } catch {
            signal(SIGKILL)
            throw error
        }
    }
}

/// A program that has ended.
struct Run {
    let ending: ChildProcess.Ending
    let output: String
    let errors: String

    init(
        _ executable: URL,
        _ arguments: [String],
        environment: [String: String] = ChildProcess.standardEnvironment,
        directory: URL? = nil,
        within limit: Duration = patience
    ) async throws {
        let process = try ChildProcess(executable, arguments, environment: environment, directory: directory)
        ending = try await process.end(within: limit)
        output = String(decoding: process.output, as: UTF8.self)
        errors = process.errors
    }
}
