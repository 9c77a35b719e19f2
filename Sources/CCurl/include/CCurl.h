// libcurl for Swift: Swift cannot call C functions with variable arguments, so each kind of
// curl_easy_setopt, curl_easy_getinfo and curl_multi_setopt has a typed inline function here.
// What differs between libcurl versions (7.74 and later) is settled here too, as are the Linux calls
// (epoll, eventfd, prctl) that the Glibc module of Swift does not offer.

#ifndef CCURL_H
#define CCURL_H

// The type checks of curl's macros only cost compile time: the functions below are typed.
#define CURL_DISABLE_TYPECHECK 1

#include <curl/curl.h>
#include <errno.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

// Looks for libcurl on this machine, once: it is not linked, so that where it is missing the program can say what to install
// instead of not starting. Any thread. Every function of libcurl's calls this by itself, and ends the process where there is
// no libcurl.
//
// Returns NULL where it was found, else why not.
const char *ccurl_load(void);

typedef size_t (*ccurl_data_callback)(char *data, size_t size, size_t count, void *context);

// MARK: easy handles

static inline CURLcode ccurl_easy_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_easy_set_offset(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_easy_set_string(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_easy_set_pointer(CURL *easy, CURLoption option, void *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode ccurl_easy_set_headers(CURL *easy, struct curl_slist *headers) {
    return curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
}

static inline CURLcode ccurl_easy_set_body_callback(CURL *easy, ccurl_data_callback callback, void *context) {
    CURLcode result = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, callback);
    return result == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_WRITEDATA, context) : result;
}

static inline CURLcode ccurl_easy_set_header_callback(CURL *easy, ccurl_data_callback callback, void *context) {
    CURLcode result = curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, callback);
    return result == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_HEADERDATA, context) : result;
}

// Nothing but http and https. The string form came with 7.85; the library found at run time may be older than
// the header, so the old form is the second try.
static inline CURLcode ccurl_easy_allow_http_only(CURL *easy) {
    CURLcode result = CURLE_UNKNOWN_OPTION;
#if LIBCURL_VERSION_NUM >= 0x075500
    result = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#endif
    if (result != CURLE_OK) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
        result = curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#pragma GCC diagnostic pop
    }
    return result;
}

// A transfer that ends while its name is still being resolved does not wait for the resolver's thread.
// Since 7.87; before, libcurl waits for getaddrinfo.
static inline void ccurl_easy_never_wait_for_resolver(CURL *easy) {
#if LIBCURL_VERSION_NUM >= 0x075700
    (void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#else
    (void)easy;
#endif
}

// Certificate authorities are read again after so many seconds. Since 7.87, whose own time is a day; before, they are read for each
// connection.
static inline void ccurl_easy_keep_authorities(CURL *easy, long seconds) {
#if LIBCURL_VERSION_NUM >= 0x075700
    (void)curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, seconds);
#else
    (void)easy;
    (void)seconds;
#endif
}

// HTTP/2 where TLS negotiates it; a second transfer waits to learn whether it can share the connection.
static inline void ccurl_easy_negotiate_http2(CURL *easy) {
    (void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    (void)curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
}

static inline void ccurl_easy_stay_with_http1(CURL *easy) {
    (void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 0L);
}

static inline long ccurl_easy_get_long(CURL *easy, CURLINFO info) {
    long value = 0;
    return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

static inline curl_off_t ccurl_easy_get_offset(CURL *easy, CURLINFO info) {
    curl_off_t value = 0;
    return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

static inline void *ccurl_easy_get_private(CURL *easy) {
    char *value = NULL;
    return curl_easy_getinfo(easy, CURLINFO_PRIVATE, &value) == CURLE_OK ? (void *)value : NULL;
}

// The major version of the protocol that answered: 1, 2 or 3; 0 where nothing did.
static inline int ccurl_easy_http_major_version(CURL *easy) {
    long value = 0;
    if (curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &value) != CURLE_OK) return 0;
    if (value == (long)CURL_HTTP_VERSION_1_0 || value == (long)CURL_HTTP_VERSION_1_1) return 1;
    if (value == (long)CURL_HTTP_VERSION_2_0) return 2;
    return value == (long)CURL_HTTP_VERSION_3 ? 3 : 0;
}

// MARK: the multi handle

static inline CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

static inline CURLMcode ccurl_multi_set_socket_callback(CURLM *multi, curl_socket_callback callback, void *context) {
    CURLMcode result = curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, callback);
    return result == CURLM_OK ? curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, context) : result;
}

static inline CURLMcode ccurl_multi_set_timer_callback(CURLM *multi, curl_multi_timer_callback callback, void *context) {
    CURLMcode result = curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, callback);
    return result == CURLM_OK ? curl_multi_setopt(multi, CURLMOPT_TIMERDATA, context) : result;
}

// The same as ccurl_easy_never_wait_for_resolver for what the multi handle itself waits for, since 8.20.
static inline void ccurl_multi_never_wait_for_resolver(CURLM *multi) {
#if LIBCURL_VERSION_NUM >= 0x081400
    (void)curl_multi_setopt(multi, CURLMOPT_QUICK_EXIT, 1L);
#else
    (void)multi;
#endif
}

static inline CURLMcode ccurl_multi_timed_out(CURLM *multi) {
    int running = 0;
    return curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
}

// `events` are epoll's.
static inline CURLMcode ccurl_multi_socket_ready(CURLM *multi, curl_socket_t socket, uint32_t events) {
    int running = 0;
    int mask = 0;
    if (events & EPOLLIN) mask |= CURL_CSELECT_IN;
    if (events & EPOLLOUT) mask |= CURL_CSELECT_OUT;
    if (events & (EPOLLERR | EPOLLHUP)) mask |= CURL_CSELECT_ERR;
    return curl_multi_socket_action(multi, socket, mask, &running);
}

// The next transfer that is done, or NULL.
static inline CURL *ccurl_multi_next_done(CURLM *multi, CURLcode *result) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE) continue;
        *result = message->data.result;
        return message->easy_handle;
    }
    return NULL;
}

// MARK: Linux

// epoll's events for what the socket callback asks; 0 for CURL_POLL_REMOVE and CURL_POLL_NONE.
static inline uint32_t ccurl_epoll_events(int what) {
    switch (what) {
    case CURL_POLL_IN: return EPOLLIN;
    case CURL_POLL_OUT: return EPOLLOUT;
    case CURL_POLL_INOUT: return EPOLLIN | EPOLLOUT;
    default: return 0;
    }
}

static inline int ccurl_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static inline int ccurl_epoll_add(int epoll, int socket, uint32_t events, uint64_t key) {
    struct epoll_event event = {.events = events, .data = {.u64 = key}};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event);
}

static inline int ccurl_epoll_change(int epoll, int socket, uint32_t events, uint64_t key) {
    struct epoll_event event = {.events = events, .data = {.u64 = key}};
    return epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &event);
}

static inline int ccurl_epoll_remove(int epoll, int socket) {
    struct epoll_event event = {0};
    return epoll_ctl(epoll, EPOLL_CTL_DEL, socket, &event);
}

static inline uint32_t ccurl_epoll_read_event(void) { return EPOLLIN; }

// An event of epoll in a layout that Swift can read (epoll_event is packed on x86-64).
struct ccurl_event {
    uint64_t key;
    uint32_t events;
};

enum { CCURL_EVENTS_AT_ONCE = 256 };

// At most CCURL_EVENTS_AT_ONCE events; interrupted counts as none.
static inline int ccurl_epoll_wait(int epoll, struct ccurl_event *events, int milliseconds) {
    struct epoll_event ready[CCURL_EVENTS_AT_ONCE];
    int count = epoll_wait(epoll, ready, CCURL_EVENTS_AT_ONCE, milliseconds);
    if (count < 0) return errno == EINTR ? 0 : -1;
    for (int index = 0; index < count; index++) {
        events[index].key = ready[index].data.u64;
        events[index].events = ready[index].events;
    }
    return count;
}

// The name of the calling thread, as tools show it: at most 15 bytes.
static inline void ccurl_name_thread(const char *name) { (void)prctl(PR_SET_NAME, name, 0, 0, 0); }

static inline int ccurl_eventfd_create(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
static inline void ccurl_eventfd_signal(int descriptor) { (void)eventfd_write(descriptor, 1); }
static inline void ccurl_eventfd_clear(int descriptor) {
    eventfd_t value;
    (void)eventfd_read(descriptor, &value);
}

#endif
