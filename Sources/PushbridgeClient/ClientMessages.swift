import NIOCore

/// The messages of a connection, in order, for one reader. The server is held back while nobody reads; the sequence
/// ends with the connection, and leaving it closes the connection.
public struct ClientMessages: AsyncSequence, Sendable {
    typealias Producer = NIOAsyncSequenceProducer<
        ClientMessage, NIOAsyncSequenceProducerBackPressureStrategies.HighLowWatermark, ClientDemand
    >

    let producer: Producer

    /// Reads the messages.
    public struct Iterator: AsyncIteratorProtocol {
        let iterator: Producer.AsyncIterator

        /// The next message; nil at the end.
        public mutating func next() async -> ClientMessage? {
            await iterator.next()
        }
    }

    /// The only reader.
    public func makeAsyncIterator() -> Iterator {
        Iterator(iterator: producer.makeAsyncIterator())
    }
}
