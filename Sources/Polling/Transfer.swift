import CCurl
import Glibc

/// One easy handle and what its transfer collects. Belongs to the polling thread, and is used again and again: an idle
/// poll holds none.
final class Transfer {
    enum Refusal {
        case headersTooLarge, bodyTooLarge
    }

    let easy: UnsafeMutableRawPointer
    /// What the transfer is for, as the engine numbers it.
    var owner = 0
    var upstream: Upstream?
    /// The URL asked now, after redirects.
    private(set) var url = ""
    private(set) var started = Moment(nanoseconds: 0)
    private(set) var hops = 0
    private(set) var body: [UInt8] = []
    private(set) var head: ResponseHead
    /// Over all hops.
    private(set) var wireBytes = 0
    private(set) var connectionsOpened = 0

    static let maxHops = 5
    /// Seconds after which certificate authorities are read from their file again: it may have been replaced.
    private static let authoritiesKept = 60
    /// Sent with `Content-Length: 0` where there is none (RFC 9110 section 8.6).
    private static let methodsWithBody: Set<String> = ["POST", "PUT", "PATCH"]

    private var method = "GET"
    private var maxBody = 0
    private var followsRedirects = true
    private var timeout: Nanoseconds = 0
    private var refusal: Refusal?
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    /// Which version of HTTP the handle is set to; nil after a reset.
    private var negotiates: Bool?
    /// Whether the handle has settings that the next transfer must not inherit.
    private var isSpecial = false

    /// Nil where libcurl has no memory, or cannot be kept to http and https.
    init?(headerLimit: Int) {
        guard let easy = curl_easy_init() else {
            errorText.deallocate()
            return nil
        }
        self.easy = easy
        head = ResponseHead(limit: headerLimit)
        errorText.pointee = 0
        guard setUp() else { return nil }
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_slist_free_all(headerList)
        errorText.deallocate()
    }

    /// What every transfer has in common.
    private func setUp() -> Bool {
        let context = Unmanaged.passUnretained(self).toOpaque()
        _ = ccurl_easy_set_body_callback(
            easy,
            { data, size, count, context in
                guard let context, let data else { return 0 }
                let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
                return transfer.take(body: UnsafeRawBufferPointer(start: data, count: size * count))
            },
            context
        )
        _ = ccurl_easy_set_header_callback(
            easy,
            { data, size, count, context in
                guard let context, let data else { return 0 }
                let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
                return transfer.take(header: UnsafeRawBufferPointer(start: data, count: size * count))
            },
            context
        )
        _ = ccurl_easy_set_pointer(easy, CURLOPT_PRIVATE, context)
        _ = ccurl_easy_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText)
        // Threads and signals: https://curl.se/libcurl/c/threadsafe.html
        _ = ccurl_easy_set_long(easy, CURLOPT_NOSIGNAL, 1)
        // Redirects are judged by `UpstreamHost.redirect`.
        _ = ccurl_easy_set_long(easy, CURLOPT_FOLLOWLOCATION, 0)
        // Every encoding that this libcurl can undo.
        _ = ccurl_easy_set_string(easy, CURLOPT_ACCEPT_ENCODING, "")
        // An upstream is what the configuration names: no proxy from the environment comes between.
        _ = ccurl_easy_set_string(easy, CURLOPT_PROXY, "")
        _ = ccurl_easy_set_string(easy, CURLOPT_USERAGENT, "pushbridge")
        ccurl_easy_never_wait_for_resolver(easy)
        ccurl_easy_keep_authorities(easy, Self.authoritiesKept)
        return ccurl_easy_allow_http_only(easy) == CURLE_OK
    }

    /// Makes the handle ready for `request`. `conditions` are header fields besides the request's own.
    func prepare(
        _ request: FetchRequest,
        conditions: [(name: String, value: String)],
        timeout: Nanoseconds,
        now: Moment
    ) {
        started = now
        self.timeout = timeout
        method = request.method
        followsRedirects = request.followsRedirects
        hops = 0
        wireBytes = 0
        connectionsOpened = 0
        maxBody = max(0, request.maxBody)
        clearAnswer()
        setURL(request.url)
        setTimeout(timeout)
        _ = ccurl_easy_set_offset(easy, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(maxBody))
        setHeaders(request, conditions)
        if request.method != "GET" || request.body != nil || request.tls != nil {
            isSpecial = true
            setMethod(request)
            setTLS(request.tls)
        }
    }

    /// Where the answer redirects to, or why that is not followed; nil where it is no redirect.
    var redirect: Result<String, FetchFailure>? {
        let status = status
        guard followsRedirects, [301, 302, 303, 307, 308].contains(status), let location = head.first(.location) else {
            return nil
        }
        guard hops < Self.maxHops else {
            return .failure(FetchFailure(code: .status(status), reason: "more than \(Self.maxHops) redirects"))
        }
        do {
            return .success(try UpstreamHost.redirect(from: url, to: location))
        } catch {
            return .failure(FetchFailure(code: .status(status), reason: error.reason))
        }
    }

    /// Makes the handle ready for where a redirect leads. What is left of the time-out goes on.
    func follow(to url: String, now: Moment) {
        hops += 1
        let status = status
        clearAnswer()
        setURL(url)
        setTimeout(max(timeout - (now - started), .millisecond))
        // RFC 9110 sections 15.4.2 to 15.4.4: what clients do on 303, and on 301 and 302 to POST.
        if status == 303 ? method != "HEAD" : status <= 302 && method == "POST" {
            method = "GET"
            _ = ccurl_easy_set_string(easy, CURLOPT_CUSTOMREQUEST, nil)
            _ = ccurl_easy_set_long(easy, CURLOPT_HTTPGET, 1)
        }
    }

    /// Adds up what the transfer cost. Once per hop, when it is done.
    func account() -> (bytes: Int, connections: Int) {
        let bytes =
            Int(ccurl_easy_get_offset(easy, CURLINFO_SIZE_DOWNLOAD_T))
            + ccurl_easy_get_long(easy, CURLINFO_HEADER_SIZE)
        let connections = ccurl_easy_get_long(easy, CURLINFO_NUM_CONNECTS)
        wireBytes += bytes
        connectionsOpened += connections
        return (bytes, connections)
    }

    var status: Int { ccurl_easy_get_long(easy, CURLINFO_RESPONSE_CODE) }
    var httpMajorVersion: Int { Int(ccurl_easy_http_major_version(easy)) }

    /// Whether there was a connection, for a transfer that failed.
    func hasReachedHost(_ result: CURLcode) -> Bool {
        switch result {
        case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST:
            false
        case CURLE_OPERATION_TIMEDOUT:
            // On a reused connection only the second is set.
            ccurl_easy_get_offset(easy, CURLINFO_CONNECT_TIME_T) > 0
                || ccurl_easy_get_offset(easy, CURLINFO_PRETRANSFER_TIME_T) > 0
        default:
            true
        }
    }

    func failure(_ result: CURLcode) -> FetchFailure {
        switch refusal {
        // libcurl refuses one that is announced before the first byte of it.
        case .bodyTooLarge,
            nil where result == CURLE_FILESIZE_EXCEEDED:
            FetchFailure(code: .tooLarge, reason: "the body is larger than the \(maxBody) bytes allowed")
        case .headersTooLarge:
            FetchFailure(code: .invalid, reason: "the header section is larger than allowed")
        case nil:
            FetchFailure(result, detail: String(cString: errorText), answered: head.hasBegun)
        }
    }

    /// Hands the body over and keeps nothing of it.
    func takeBody() -> [UInt8] {
        defer { body = [] }
        return body
    }

    /// After use: lets go of everything that belonged to the request. Connections stay, they are the multi handle's.
    func recycle() {
        body = []
        head.reset()
        url = ""
        upstream = nil
        if isSpecial {
            curl_easy_reset(easy)
            isSpecial = false
            negotiates = nil
            _ = setUp()
        }
        dropHeaders()
    }

    private func dropHeaders() {
        guard headerList != nil else { return }
        _ = ccurl_easy_set_headers(easy, nil)
        curl_slist_free_all(headerList)
        headerList = nil
    }

    private func clearAnswer() {
        body.removeAll(keepingCapacity: false)
        head.reset()
        refusal = nil
        errorText.pointee = 0
    }

    private func setURL(_ url: String) {
        self.url = url
        _ = ccurl_easy_set_string(easy, CURLOPT_URL, url)
        // On plain connections there is nothing to negotiate, and waiting to learn whether one can be shared would
        // make the first answer of a slow host hold up all others.
        let isSecure = upstream?.host.scheme == "https"
        guard isSecure != negotiates else { return }
        negotiates = isSecure
        if isSecure { ccurl_easy_negotiate_http2(easy) } else { ccurl_easy_stay_with_http1(easy) }
    }

    private func setTimeout(_ timeout: Nanoseconds) {
        // 0 would mean no time-out at all.
        let milliseconds = max(1, min(timeout / .millisecond, Nanoseconds(Int32.max)))
        _ = ccurl_easy_set_long(easy, CURLOPT_TIMEOUT_MS, Int(milliseconds))
    }

    private func setHeaders(_ request: FetchRequest, _ conditions: [(name: String, value: String)]) {
        dropHeaders()
        for (name, value) in request.headers + conditions {
            // CURLOPT_HTTPHEADER: "Name:" takes a field away, "Name;" sends one without a value.
            add(value.isEmpty ? "\(name);" : "\(name): \(value)")
        }
        if request.body != nil || Self.methodsWithBody.contains(request.method) {
            // What libcurl adds of its own accord to a body.
            add("Expect:")
            if !request.headers.contains(where: { $0.name.lowercased() == "content-type" }) { add("Content-Type:") }
        }
        if headerList != nil { _ = ccurl_easy_set_headers(easy, headerList) }
    }

    private func add(_ line: String) {
        // Nil when out of memory: the list stays as it was.
        if let longer = curl_slist_append(headerList, line) { headerList = longer }
    }

    private func setMethod(_ request: FetchRequest) {
        let needsBody = Self.methodsWithBody.contains(request.method)
        if request.method == "HEAD", request.body == nil {
            _ = ccurl_easy_set_long(easy, CURLOPT_NOBODY, 1)
        } else if let body = request.body ?? (needsBody ? [] : nil) {
            _ = ccurl_easy_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
            body.withUnsafeBytes { bytes in
                // Copied; for an empty body the pointer only has to be there.
                let start = bytes.baseAddress.map { UnsafeMutableRawPointer(mutating: $0) }
                _ = ccurl_easy_set_pointer(easy, CURLOPT_COPYPOSTFIELDS, start ?? UnsafeMutableRawPointer(errorText))
            }
            if request.method != "POST" { _ = ccurl_easy_set_string(easy, CURLOPT_CUSTOMREQUEST, request.method) }
        } else if request.method != "GET" {
            _ = ccurl_easy_set_string(easy, CURLOPT_CUSTOMREQUEST, request.method)
        }
    }

    private func setTLS(_ tls: UpstreamTLS?) {
        guard let tls else { return }
        if let ca = tls.ca {
            _ = ccurl_easy_set_string(easy, CURLOPT_CAINFO, ca)
            // Otherwise the system's folder would be believed besides.
            _ = ccurl_easy_set_string(easy, CURLOPT_CAPATH, nil)
        }
        if let certificate = tls.certificate {
            _ = ccurl_easy_set_string(easy, CURLOPT_SSLCERT, certificate)
            _ = ccurl_easy_set_string(easy, CURLOPT_SSLKEY, tls.key ?? certificate)
        }
    }

    /// The number taken; anything but all of it ends the transfer (CURLOPT_WRITEFUNCTION).
    private func take(body bytes: UnsafeRawBufferPointer) -> Int {
        guard bytes.count <= maxBody - body.count else {
            refusal = .bodyTooLarge
            return 0
        }
        body.append(contentsOf: bytes)
        return bytes.count
    }

    private func take(header line: UnsafeRawBufferPointer) -> Int {
        do {
            try head.append(line: line)
            return line.count
        } catch {
            refusal = .headersTooLarge
            return 0
        }
    }
}
