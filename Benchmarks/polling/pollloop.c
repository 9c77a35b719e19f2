// The limit of polling: a bare libcurl loop that asks for TOPICS URLs of one host, each every INTERVAL milliseconds.
//
//     pollloop PORT TOPICS INTERVAL CONNECTIONS
//
// It collects each body and looks at nothing. Requests are spread evenly over the interval; CONNECTIONS is how many may be
// under way at once. It prints "ready"; on standard input, "report" prints how many polls there were so far.
#include "../common/clock.h"
#include "../common/network.h"
#include <curl/curl.h>
#include <stdbool.h>

struct transfer {
    CURL *easy;
    struct transfer *next;
    char *body;
    size_t length, capacity;
};

static CURLM *multi;
static struct transfer *idle;
static uint64_t curl_due;  // 0: none
static int epoll, port;
static unsigned topics;
static uint64_t begun, completed, failed;

static size_t take(char *data, size_t size, size_t count, void *context) {
    struct transfer *t = context;
    size_t n = size * count;
    if (t->length + n > t->capacity) {
        t->capacity = (t->length + n) * 2;
        t->body = realloc(t->body, t->capacity);
    }
    memcpy(t->body + t->length, data, n);
    t->length += n;
    return n;
}

static int socket_wanted(CURL *easy, curl_socket_t fd, int what, void *context, void *known) {
    (void)easy, (void)context;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
        curl_multi_assign(multi, fd, NULL);
        return 0;
    }
    uint32_t events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);
    watch(epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, events, (uint64_t)fd + 1);
    curl_multi_assign(multi, fd, &epoll);
    return 0;
}

static int timer_wanted(CURLM *handle, long milliseconds, void *context) {
    (void)handle, (void)context;
    curl_due = milliseconds < 0 ? 0 : monotonic() + (uint64_t)milliseconds * 1000000u;
    return 0;
}

static void begin(void) {
    struct transfer *t = idle;
    char url[64];
    idle = t->next;
    t->length = 0;
    snprintf(url, sizeof url, "http://127.0.0.1:%d/t/%llu", port, (unsigned long long)(begun++ % topics));
    curl_easy_setopt(t->easy, CURLOPT_URL, url);
    curl_multi_add_handle(multi, t->easy);
}

static void reap(void) {
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(multi, &left));) {
        if (message->msg != CURLMSG_DONE) continue;
        struct transfer *t;
        if (message->data.result == CURLE_OK) completed++; else failed++;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        curl_multi_remove_handle(multi, t->easy);
        t->next = idle;
        idle = t;
    }
}

static void obey(void) {
    char line[128];
    if (read(0, line, sizeof line) <= 0) exit(0);
    printf("polls=%llu failed=%llu\n", (unsigned long long)completed, (unsigned long long)failed);
    fflush(stdout);
}

int main(int count, char **arguments) {
    if (count != 5) return fprintf(stderr, "usage: pollloop PORT TOPICS INTERVAL CONNECTIONS\n"), 64;
    port = atoi(arguments[1]);
    topics = (unsigned)atoi(arguments[2]);
    uint64_t gap = (uint64_t)atoi(arguments[3]) * 1000000u / topics;
    curl_global_init(CURL_GLOBAL_ALL);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, socket_wanted);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, timer_wanted);
    for (int i = 0; i < atoi(arguments[4]); i++) {
        struct transfer *t = calloc(1, sizeof *t);
        t->easy = curl_easy_init();
        curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
        curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, take);
        curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
        curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(t->easy, CURLOPT_PROXY, "");
        curl_easy_setopt(t->easy, CURLOPT_ACCEPT_ENCODING, "");
        curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
        curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, 5000L);
        t->next = idle;
        idle = t;
    }
    watch(epoll, EPOLL_CTL_ADD, 0, EPOLLIN, 0);
    puts("ready");
    fflush(stdout);
    for (uint64_t due = monotonic();;) {
        uint64_t now = monotonic(), next = idle ? due : 0;
        if (curl_due && (!next || curl_due < next)) next = curl_due;
        int wait = !next ? 1000 : next <= now ? 0 : (int)((next - now + 999999) / 1000000);
        struct epoll_event events[256];
        int ready = epoll_wait(epoll, events, 256, wait), running;
        for (int i = 0; i < ready; i++) {
            if (events[i].data.u64 == 0) {
                obey();
                continue;
            }
            int mask = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) | (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0)
                | (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
            curl_multi_socket_action(multi, (int)events[i].data.u64 - 1, mask, &running);
        }
        now = monotonic();
        if (curl_due && curl_due <= now) {
            curl_due = 0;
            curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
        }
        reap();
        for (; due <= now && idle; due += gap) begin();
    }
}
