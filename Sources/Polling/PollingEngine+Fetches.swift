import Glibc

/// Single requests.
extension PollingEngine {
    func startFetch(
        _ id: Int,
        _ request: FetchRequest,
        _ answer: @escaping @Sendable (Result<FetchResponse, FetchFailure>) -> Void
    ) {
        let host: UpstreamHost
        do {
            host = try request.checkedHost()
        } catch {
            answer(.failure(error))
            return
        }
        let now = Moment.now()
        let upstream = upstream(host, now)
        upstream.users += 1
        let deadline = now + Nanoseconds(clamping: request.timeout)
        fetches[id] = RunningFetch(request: request, answer: answer, deadline: deadline, upstream: upstream)
        upstream.gate.enqueue(id)
        pump(upstream, now)
        if transfers[id] == nil, fetches[id] != nil { alarms.add(.fetch(id), due: deadline) }
    }

    func answerFetch(_ id: Int, _ result: Result<FetchResponse, FetchFailure>) {
        guard let fetch = fetches.removeValue(forKey: id) else { return }
        fetch.answer(result)
        leave(fetch.upstream)
    }

    func response(_ transfer: Transfer, _ now: Moment) -> FetchResponse {
        FetchResponse(
            status: transfer.status,
            headers: transfer.head.fields,
            body: transfer.takeBody(),
            url: transfer.url,
            httpMajorVersion: transfer.httpMajorVersion,
            wireBytes: transfer.wireBytes,
            duration: (now - transfer.started).duration,
            receivedAt: .now,
            receivedAtMilliseconds: wallClockMilliseconds()
        )
    }
}
