import Testing

@testable import Gateway

@Suite("The end of a tunnel") struct TunnelStateTests {
    @Test("a backend that ends is told to the client behind its last byte, then closed")
    func backendEnds() {
        var state = TunnelState()
        #expect(state.handle(.backendEnded) == [.closeClient(.normal, reason: "")])
        #expect(state.handle(.clientClosed) == [])
        #expect(state.handle(.clientGone) == [.closeBackend])
        #expect(state.phase == .closed)
    }

    @Test("a client that closes lets the backend end its side")
    func clientCloses() {
        var state = TunnelState()
        #expect(state.handle(.clientClosed) == [.endBackendOutput, .startHalfCloseTimer])
        #expect(state.handle(.backendEnded) == [.closeClient(.normal, reason: ""), .dropBackend])
        #expect(state.handle(.clientGone) == [])
    }

    @Test("a backend that does not end its side in time is dropped")
    func tooSlow() {
        var state = TunnelState()
        _ = state.handle(.clientClosed)
        #expect(state.handle(.halfCloseTimedOut) == [.closeClient(.normal, reason: ""), .dropBackend])
    }

    @Test("a client that vanishes still has its bytes delivered and the backend's end awaited")
    func clientVanishes() {
        var state = TunnelState()
        #expect(state.handle(.clientGone) == [.endBackendOutput, .startHalfCloseTimer])
        #expect(state.handle(.backendEnded) == [.dropBackend])
    }

    @Test("a reset of the backend is close code 1014")
    func reset() {
        var state = TunnelState()
        #expect(
            state.handle(.backendReset)
                == [.closeClient(.badGateway, reason: "the backend reset the connection"), .dropBackend]
        )
    }

    @Test("whatever comes after the end does nothing")
    func afterTheEnd() {
        var state = TunnelState()
        _ = state.handle(.backendReset)
        for event in [
            TunnelState.Event.clientClosed, .clientGone, .backendEnded, .backendReset, .halfCloseTimedOut,
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
