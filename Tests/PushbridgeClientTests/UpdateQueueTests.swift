import Foundation
import Testing

@testable import PushbridgeClient

@Suite("What waits for a reader")
struct UpdateQueueTests {
    private func document(_ number: Int) -> BridgeUpdate {
        .document(BridgeDocument(version: "\(number)", content: .text("")), patch: Data())
    }

    @Test("of documents only the newest waits, without the patch from one that the reader has not seen")
    func newest() async {
        let queue = UpdateQueue()
        queue.offer(document(1))
        queue.offer(document(2))
        queue.offer(.message(.text("between")))
        queue.offer(document(3))
        #expect(await queue.next() == .document(BridgeDocument(version: "2", content: .text("")), patch: nil))
        #expect(await queue.next() == .message(.text("between")))
        #expect(await queue.next() == document(3))
        queue.end()
        #expect(await queue.next() == nil)
    }

    @Test("more messages than fit drop the oldest")
    func bounded() async {
        let queue = UpdateQueue()
        for number in 0...UpdateQueue.capacity { queue.offer(.message(.text("\(number)"))) }
        #expect(await queue.next() == .message(.text("1")))
    }

    @Test("a reader that waits is given what comes, or is let go when its task is cancelled")
    func waiting() async {
        let queue = UpdateQueue()
        async let update = queue.next()
        queue.offer(.message(.text("a")))
        #expect(await update == .message(.text("a")))
        let task = Task { await queue.next() }
        task.cancel()
        #expect(await task.value == nil)
    }
}
