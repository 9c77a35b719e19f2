import Testing

@testable import Gateway

@Suite("The end of a tunnel") struct TunnelStateTests {
    @Test("a backend that ends is told to the client behind its last byte, then closed behind the client's last")
    func backendEnds() {
        var state = TunnelState()
        #expect(state.handle(.backendConnected) == [])
        #expect(state.handle(.backendEnded) == [.closeClient(.normal, reason: "")])
        #expect(state.handle(.clientClosed) == [])
        #expect(state.handle(.clientGone) == [.closeBackend])
        #expect(state.phase == .draining)
        #expect(state.handle(.outputEnded) == [])
        #expect(state.phase == .closed)
    }

    @Test("a backend that ended, and then takes nothing of the client's last bytes, is dropped")
    func backendEndsAndStalls() {
        var state = TunnelState()
        _ = state.handle(.backendEnded)
        _ = state.handle(.clientGone)
        #expect(state.handle(.writingStalled) == [.dropBackend])
        #expect(state.phase == .closed)
    }

    @Test("a backend that resets behind its end leaves nobody to take what the client sends")
    func resetBehindEnd() {
        var state = TunnelState()
        _ = state.handle(.backendEnded)
        #expect(state.handle(.backendReset) == [.discardClientInput, .dropBackend])
        #expect(state.handle(.clientGone) == [])
    }

    @Test("a client that closes lets the backend end its side, whose time begins when everything is written")
    func clientCloses() {
        var state = TunnelState()
        #expect(state.handle(.clientClosed) == [.endBackendOutput])
        #expect(state.handle(.outputEnded) == [.startHalfCloseTimer])
        #expect(state.handle(.backendEnded) == [.closeClient(.normal, reason: ""), .closeBackend])
        #expect(state.handle(.clientGone) == [])
        #expect(state.handle(.outputEnded) == [])
        #expect(state.phase == .closed)
    }

    @Test("a backend that does not end its side in time is dropped")
    func tooSlow() {
        var state = TunnelState()
        _ = state.handle(.clientClosed)
        _ = state.handle(.outputEnded)
        #expect(state.handle(.halfCloseTimedOut) == [.closeClient(.normal, reason: ""), .dropBackend])
    }

    @Test("a backend that takes nothing of what the client sent is dropped")
    func stalls() {
        var state = TunnelState()
        _ = state.handle(.clientClosed)
        #expect(state.handle(.writingStalled) == [.closeClient(.normal, reason: ""), .dropBackend])
    }

    @Test("a client that vanishes still has its bytes delivered and the backend's end awaited")
    func clientVanishes() {
        var state = TunnelState()
        #expect(state.handle(.clientGone) == [.endBackendOutput])
        #expect(state.handle(.outputEnded) == [.startHalfCloseTimer])
        #expect(state.handle(.backendEnded) == [.closeBackend])
    }

    @Test("a backend that is connected for a client that has gone is dropped")
    func lateConnection() {
        var state = TunnelState()
        _ = state.handle(.clientGone)
        #expect(state.handle(.backendConnected) == [.dropBackend])
        #expect(state.phase == .closed)
        #expect(state.handle(.backendConnected) == [.dropBackend])
    }

    @Test("a backend that cannot be reached is close code 1014, and what the client sends is dropped until its close")
    func unreachable() {
        var state = TunnelState()
        #expect(
            state.handle(.backendUnreachable(reason: "no"))
                == [.closeClient(.badGateway, reason: "no"), .discardClientInput]
        )
        var gone = TunnelState()
        _ = gone.handle(.clientGone)
        #expect(gone.handle(.backendUnreachable(reason: "no")) == [])
    }

    @Test("a reset of the backend is close code 1014")
    func reset() {
        var state = TunnelState()
        #expect(
            state.handle(.backendReset) == [
                .closeClient(.badGateway, reason: "the backend reset the connection"), .discardClientInput,
                .dropBackend,
            ]
        )
    }

    @Test("whatever comes after the end does nothing")
    func afterTheEnd() {
        var state = TunnelState()
        _ = state.handle(.backendReset)
        for event in [
            TunnelState.Event.clientClosed, .clientGone, .backendEnded, .backendReset, .outputEnded, .writingStalled,
            .halfCloseTimedOut,
        ] {
            #expect(state.handle(event) == [])
        }
    }

    @Test("the beginning of a character is told from a whole one")
    func incompleteCharacters() {
        #expect(Array("aé".utf8).lengthOfIncompleteSuffix == 0)
        #expect(Array("aé".utf8.dropLast()).lengthOfIncompleteSuffix == 1)
        #expect(Array("€".utf8.dropLast()).lengthOfIncompleteSuffix == 2)
        #expect(Array("😀".utf8.dropLast()).lengthOfIncompleteSuffix == 3)
        #expect([UInt8]().lengthOfIncompleteSuffix == 0)
        // Bytes that no character can have do not wait for ever.
        #expect([0x80, 0x80, 0x80, 0x80].lengthOfIncompleteSuffix == 0)
    }
}
