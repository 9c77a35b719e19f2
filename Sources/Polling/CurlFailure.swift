import CCurl

extension FetchFailure {
    /// libcurl's result in our words. `detail` is what it wrote to its error buffer; `answered` is whether any of an
    /// answer had come. Codes: https://curl.se/libcurl/c/libcurl-errors.html
    init(_ result: CURLcode, detail: String, answered: Bool) {
        var reason = detail.isEmpty ? String(cString: curl_easy_strerror(result)) : detail
        let code: Code
        switch result {
        case CURLE_OPERATION_TIMEDOUT:
            code = .timeout
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
            code = .unresolved
        case CURLE_COULDNT_CONNECT:
            code = .refused
        case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR:
            // Dropped before it answered: nothing is served there. Dropped in the middle: half an answer.
            code = answered ? .invalid : .refused
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER, CURLE_PEER_FAILED_VERIFICATION, CURLE_USE_SSL_FAILED, CURLE_SSL_ENGINE_INITFAILED,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_SHUTDOWN_FAILED, CURLE_SSL_CRL_BADFILE, CURLE_SSL_ISSUER_ERROR,
            CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_INVALIDCERTSTATUS:
            code = .tls
        case CURLE_FILESIZE_EXCEEDED:
            code = .tooLarge
        case CURLE_OUT_OF_MEMORY where answered:
            // What libcurl before 8.6 makes of a header line beyond its own limit of 100 KiB.
            code = .invalid
            reason = "a line of the header section is longer than allowed"
        case CURLE_OUT_OF_MEMORY, CURLE_FAILED_INIT, CURLE_UNKNOWN_OPTION, CURLE_BAD_FUNCTION_ARGUMENT,
            CURLE_NO_CONNECTION_AVAILABLE:
            code = .other
        default:
            code = .invalid
        }
        self.init(code: code, reason: reason)
    }
}
