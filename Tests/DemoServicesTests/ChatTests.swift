import NIOCore
import Testing

@testable import DemoServices

@Suite("The chat room, without sockets")
struct ChatRoomTests {
    private func texts(_ actions: [ChatRoom.Action], to id: Int) -> [String] {
        actions.compactMap { action in
            if case .send(let receiver, let text) = action, receiver == id { text } else { nil }
        }
    }

    @Test("a newcomer is greeted, and the others are told")
    func join() {
        var room = ChatRoom()
        let first = room.join(1)
        #expect(texts(first, to: 1).first?.contains("You are otter-1") == true)
        let second = room.join(2)
        #expect(texts(second, to: 1) == ["* heron-2 has joined"])
        #expect(texts(second, to: 2).last == "* 2 here: otter-1, heron-2")
    }

    @Test("everybody sees every line, the one who wrote it too")
    func say() {
        var room = ChatRoom()
        _ = room.join(1)
        _ = room.join(2)
        let actions = room.say("  hello ", by: 2)
        #expect(texts(actions, to: 1) == ["<heron-2> hello"])
        #expect(texts(actions, to: 2) == ["<heron-2> hello"])
        #expect(room.say("   ", by: 2).isEmpty)
        #expect(room.say("ghost", by: 9).isEmpty)
    }

    @Test("a name can be changed to one that is free and well formed")
    func rename() {
        var room = ChatRoom()
        _ = room.join(1)
        _ = room.join(2)
        #expect(texts(room.say("/nick Ada", by: 1), to: 2) == ["* otter-1 is now Ada"])
        #expect(texts(room.say("/nick ADA", by: 2), to: 2).first?.contains("already") == true)
        for bad in ["/nick", "/nick a b", "/nick <b>", "/nick " + String(repeating: "x", count: 25)] {
            let answer = room.say(bad, by: 2)
            #expect(texts(answer, to: 2).first?.hasPrefix("* A name is made of") == true)
            #expect(texts(answer, to: 1).isEmpty)
        }
        #expect(texts(room.say("/who", by: 2), to: 2) == ["* 2 here: Ada, heron-2"])
        #expect(texts(room.say("/dance", by: 2), to: 2).first?.contains("/who") == true)
    }

    @Test("whoever leaves is announced once, and is no longer written to")
    func leave() {
        var room = ChatRoom()
        _ = room.join(1)
        _ = room.join(2)
        #expect(room.leave(1) == [.send(to: 2, text: "* otter-1 has left")])
        #expect(room.leave(1).isEmpty)
        #expect(texts(room.say("alone", by: 2), to: 1).isEmpty)
    }

    @Test("a full room turns people away")
    func full() {
        var room = ChatRoom()
        for id in 1...ChatRoom.memberLimit { _ = room.join(id) }
        #expect(room.join(-1).last == .disconnect(-1))
        #expect(room.leave(-1).isEmpty)
    }
}

@Suite("Lines out of bytes")
struct LineSplitterTests {
    @Test("lines may come in any pieces, with LF or CRLF")
    func pieces() {
        var splitter = LineSplitter(limit: 100)
        #expect(splitter.append("one\ntw".utf8) == [.text("one")])
        #expect(splitter.append("o\r\n\nthree".utf8) == [.text("two"), .text("")])
        #expect(splitter.finish() == .text("three"))
        #expect(splitter.finish() == nil)
    }

    @Test("a line at the limit passes, one byte more does not, and the next line is fine again")
    func limit() {
        var splitter = LineSplitter(limit: 4)
        #expect(
            splitter.append("abcd\nabcde\nab\nabcd\r\n".utf8) == [.text("abcd"), .tooLong, .text("ab"), .text("abcd")]
        )
    }

    @Test("control characters are left out, and broken UTF-8 is shown as such")
    func hostile() {
        var splitter = LineSplitter(limit: 100)
        #expect(splitter.append("\u{1B}[31mred\u{7}\u{0}\u{9B}\n".utf8) == [.text("[31mred")])
        #expect(splitter.append([0x61, 0xFF, 0x62, 0x0A]) == [.text("a\u{FFFD}b")])
        #expect(splitter.append("żółw 🐢\n".utf8) == [.text("żółw 🐢")])
    }
}

@Suite("The TCP chat")
struct ChatServiceTests {
    @Test("two people talk, rename themselves and leave")
    func conversation() async throws {
        try await withServices { services in
            let ada = try await RawConnection.open(port: services.chatPort)
            try await ada.wait(for: "Welcome")
            try await ada.send("/nick Ada\n")
            try await ada.wait(for: "is now Ada")
            let bob = try await RawConnection.open(port: services.chatPort)
            try await bob.wait(for: "2 here: Ada")
            try await bob.send("/nick Bob\r\nhello\r\n")
            try await ada.wait(for: "<Bob> hello\n")
            try await bob.wait(for: "<Bob> hello\n")
            try await ada.send("last words")
            try await ada.endOutput()
            try await bob.wait(for: "<Ada> last words\n* Ada has left\n")
            _ = try await ada.waitForEnd()
            await bob.close()
        }
    }

    @Test("a line without end costs no memory and is refused, not passed on")
    func endlessLine() async throws {
        try await withServices { services in
            let connection = try await RawConnection.open(port: services.chatPort)
            try await connection.send(String(repeating: "x", count: 4 * 1_024 * 1_024) + "\nshort\n")
            let heard = try await connection.wait(for: "> short")
            #expect(heard.contains("longer than 1024 bytes"))
            #expect(heard.utf8.count < 1_000)
            await connection.close()
        }
    }

    @Test("whoever does not read is let go, and the others hear everything")
    func slowReader() async throws {
        try await withServices { services in
            let deaf = try await RawConnection.open(port: services.chatPort, autoRead: false)
            let talker = try await RawConnection.open(port: services.chatPort)
            try await talker.wait(for: "2 here")
            // More than the socket buffers and the waiting room of one connection hold.
            let line = String(repeating: "y", count: 1_000) + "\n"
            let (batches, lines) = (40, 50)
            var heard = ""
            for batch in 1...batches {
                // Heard before the next, so that a machine with other work to do does not make the talker slow too.
                try await talker.send(String(repeating: line, count: lines) + "batch \(batch).\n")
                heard = try await talker.wait(for: "> batch \(batch).", within: .seconds(60))
            }
            #expect(heard.contains("otter-1 has left"))
            #expect(heard.utf8.count >= batches * lines * line.utf8.count)
            await talker.close()
            await deaf.close()
        }
    }
}
