// The load side of server-sent events: many streams in one epoll loop.
//
//     events PORT TOPICS COUNT SLOW
//
// Opens COUNT streams of /feed/0 to /feed/TOPICS-1 in turn, in mode patch, and SLOW more that read their first event and
// nothing more. It prints "ready" when each has that. Then on standard input: "begin" forgets what came, "report" prints what has come since, as NAME=VALUE pairs: an
// event's latency is from the time in it, when the endpoint answered, to its last byte's arrival.
#include "../common/clock.h"
#include "../common/network.h"
#include <stdbool.h>

#define MOST_EVENTS 4000000
#define DIGITS 19
#define CARRIED 48

struct stream {
    int fd;
    bool is_open, has_begun;
    uint64_t at;  // of the event that is arriving; 0: not seen yet
    size_t carried;
    char tail[CARRIED];
};

static struct stream *streams;
static uint64_t *latencies, bytes;
static size_t events;
static int epoll, port, topics, count, slow, started, begun;

static void open_one(void) {
    struct stream *s = &streams[started++];
    s->fd = begin_connecting(port);
    if (s - streams >= count) setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &(int){4096}, sizeof(int));
    watch(epoll, EPOLL_CTL_ADD, s->fd, EPOLLOUT, (uint64_t)started);
}

// The time stands behind "at":1 in a document and behind "/at","value":1 in a patch.
static void look_for_time(struct stream *s, const char *in, size_t length) {
    for (const char *at = in; (at = memmem(at, length - (size_t)(at - in), "at\"", 3));) {
        at += 3;
        size_t left = length - (size_t)(at - in);
        size_t skip = left > 10 && !memcmp(at, ",\"value\":1", 10) ? 10 : left > 2 && !memcmp(at, ":1", 2) ? 2 : 0;
        if (!skip || left < skip + DIGITS) continue;
        s->at = strtoull(at + skip, NULL, 10);
        return;
    }
}

static void arrived(struct stream *s) {
    if (!s->has_begun) {
        s->has_begun = true;
        if (s - streams >= count) epoll_ctl(epoll, EPOLL_CTL_DEL, s->fd, NULL);
        if (++begun == count + slow) puts("ready"), fflush(stdout);
        if (started < count + slow) open_one();
    } else if (events < MOST_EVENTS) {
        latencies[events++] = monotonic() - s->at;
    }
    s->at = 0;
}

static void serve(struct stream *s) {
    static char buffer[CARRIED + 262144 + 1];
    if (!s->is_open) {
        char request[256];
        int n = snprintf(request, sizeof request,
            "GET /feed/%d?mode=patch HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n",
            (int)(s - streams) % topics);
        if (send(s->fd, request, (size_t)n, MSG_NOSIGNAL) != n) fail("send");
        s->is_open = true;
        watch(epoll, EPOLL_CTL_MOD, s->fd, EPOLLIN, (uint64_t)(s - streams) + 1);
        return;
    }
    for (;;) {
        memcpy(buffer, s->tail, s->carried);
        ssize_t n = recv(s->fd, buffer + s->carried, 262144, 0);
        if (n == 0) fprintf(stderr, "a stream ended: %.*s\n", (int)s->carried, s->tail), exit(1);
        if (n < 0) return;
        bytes += (uint64_t)n;
        size_t length = s->carried + (size_t)n;
        buffer[length] = 0;
        if (!s->at) look_for_time(s, buffer, length);
        if (s->at && !memcmp(buffer + length - 2, "\n\n", 2)) {
            arrived(s);
            s->carried = 0;
        } else {
            s->carried = length < CARRIED ? length : CARRIED;
            memcpy(s->tail, buffer + length - s->carried, s->carried);
        }
    }
}

static void obey(void) {
    char line[128];
    ssize_t n = read(0, line, sizeof line - 1);
    if (n <= 0) exit(0);
    if (*line == 'r') {
        sort_times(latencies, events);
        printf("events=%zu bytes=%llu p50=%.3f p99=%.3f max=%.3f\n", events, (unsigned long long)bytes,
               percentile(latencies, events, 50), percentile(latencies, events, 99), percentile(latencies, events, 100));
        fflush(stdout);
    }
    events = 0;
    bytes = 0;
}

int main(int argc, char **arguments) {
    if (argc != 5) return fprintf(stderr, "usage: events PORT TOPICS COUNT SLOW\n"), 64;
    port = atoi(arguments[1]);
    topics = atoi(arguments[2]);
    count = atoi(arguments[3]);
    slow = atoi(arguments[4]);
    raise_descriptor_limit();
    epoll = epoll_create1(EPOLL_CLOEXEC);
    streams = calloc((size_t)(count + slow), sizeof *streams);
    latencies = malloc(MOST_EVENTS * sizeof *latencies);
    watch(epoll, EPOLL_CTL_ADD, 0, EPOLLIN, 0);
    for (int i = 0; i < 64 && i < count + slow; i++) open_one();
    for (;;) {
        struct epoll_event ready[256];
        int n = epoll_wait(epoll, ready, 256, -1);
        for (int i = 0; i < n; i++) {
            if (ready[i].data.u64) serve(&streams[ready[i].data.u64 - 1]); else obey();
        }
    }
}
