/// Deadlines in a binary heap. An alarm cannot be taken out: the owner compares it with what it waits for when it rings.
struct AlarmQueue<Alarm> {
    private var heap: [(due: Moment, alarm: Alarm)] = []

    var count: Int { heap.count }
    var earliest: Moment? { heap.first?.due }

    mutating func add(_ alarm: Alarm, due: Moment) {
        heap.append((due, alarm))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].due < heap[parent].due else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// The earliest alarm that is due at `now`.
    mutating func next(now: Moment) -> Alarm? {
        guard let first = heap.first, first.due <= now else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink(from: 0)
        }
        return first.alarm
    }

    /// Keeps only the alarms that `isWanted`.
    mutating func compact(keeping isWanted: (Alarm, Moment) -> Bool) {
        heap.removeAll { !isWanted($0.alarm, $0.due) }
        for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { sink(from: index) }
    }

    private mutating func sink(from start: Int) {
        var parent = start
        while true {
            var least = parent
            for child in (2 * parent + 1)...(2 * parent + 2) where child < heap.count {
                if heap[child].due < heap[least].due { least = child }
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
