// The load side of a broadcast: many WebSocket subscribers in one epoll loop.
//
//     subscribers PORT PATH COUNT [SUBPROTOCOL]
//
// Connects COUNT times, 64 at a time, and prints what that took. Then on standard input: "begin" forgets what came,
// "report" prints what has come since. All answers are lines of NAME=VALUE pairs.
//
// An update is complete when its last subscriber has it; its latency is the time from the one in the document to then.
// Bytes behind a document's first few are dropped in the kernel, so that this side is never the dearer one.
#include "../common/network.h"
#include "../common/websocket.h"
#include "document.h"
#include <stdbool.h>

#define MOST_UPDATES 1000000
#define MOST_CONNECTIONS 65536
#define AT_ONCE 64

enum state { CONNECTING, SHAKING, OPEN, CLOSED };

struct subscriber {
    int fd;
    enum state state;
    uint32_t filled;        // bytes in `head`
    uint64_t payload_left;  // of the frame under way, behind what `head` has had
    bool counted;           // whether the frame under way has been read
    bool is_document;
    uint32_t update;
    uint64_t at;
    uint64_t began;
    uint8_t head[512];
};

struct update {
    uint64_t at, last, cpu_first, first;
    uint64_t cpu_last;
    uint32_t deliveries;
};

static struct subscriber *subscribers;
static struct update *updates;
static uint32_t count, connected, failed, started;
static uint32_t lowest, highest;   // counters seen since "begin"
static uint64_t deliveries, bytes, window_began, window_cpu, burst_wall, burst_cpu;
static int epoll, port;
static char request[1024];
static int request_length;
static uint64_t connect_times[MOST_CONNECTIONS];

static void start_one(void) {
    struct subscriber *s = &subscribers[started++];
    s->began = monotonic();
    s->fd = begin_connecting(port);
    s->state = CONNECTING;
    watch(epoll, EPOLL_CTL_ADD, s->fd, EPOLLOUT, started);
}

static void lost(struct subscriber *s) {
    if (s->state != OPEN) {
        failed++;
        if (started < count) start_one();
    }
    close(s->fd);
    s->state = CLOSED;
}

static void delivered(struct subscriber *s) {
    deliveries++;
    if (!s->is_document || s->update >= MOST_UPDATES) return;
    struct update *u = &updates[s->update];
    if (u->deliveries == 0) {
        u->at = s->at;
        u->first = monotonic();
        u->cpu_first = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
    }
    if (s->update < lowest) lowest = s->update;
    if (s->update > highest) highest = s->update;
    if (++u->deliveries == connected) {
        u->last = monotonic();
        u->cpu_last = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
        burst_wall += u->last - u->first;
        burst_cpu += u->cpu_last - u->cpu_first;
    }
}

// Takes what `head` holds: heads of frames, and the start of each payload.
static void take(struct subscriber *s) {
    uint32_t used = 0;
    for (;;) {
        uint32_t available = s->filled - used;
        if (s->payload_left) {
            uint64_t n = available < s->payload_left ? available : s->payload_left;
            s->payload_left -= n;
            used += (uint32_t)n;
            if (s->payload_left) break;
            delivered(s);
            continue;
        }
        uint8_t opcode;
        uint64_t length;
        size_t head = read_websocket_head(s->head + used, available, &opcode, &length);
        if (!head) break;
        uint64_t prefix = length < DOCUMENT_PREFIX ? length : DOCUMENT_PREFIX;
        if (available < head + prefix) break;
        bytes += head + length;
        s->is_document = opcode == 1 && length >= DOCUMENT_PREFIX
            && read_document((char *)s->head + used + head, &s->update, &s->at);
        used += (uint32_t)(head + prefix);
        s->payload_left = length - prefix;
        if (!s->payload_left && opcode < 8) delivered(s);
    }
    memmove(s->head, s->head + used, s->filled - used);
    s->filled -= used;
}

static void shake(struct subscriber *s) {
    char *end = memmem(s->head, s->filled, "\r\n\r\n", 4);
    if (!end) return;
    if (s->filled < 12 || memcmp(s->head + 9, "101", 3) != 0) {
        lost(s);
        return;
    }
    connect_times[connected++] = monotonic() - s->began;
    s->state = OPEN;
    uint32_t used = (uint32_t)((uint8_t *)end + 4 - s->head);
    memmove(s->head, s->head + used, s->filled - used);
    s->filled -= used;
    if (started < count) start_one();
    take(s);
}

static void serve(struct subscriber *s, uint32_t events) {
    if (s->state == CONNECTING) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error || send(s->fd, request, (size_t)request_length, MSG_NOSIGNAL) != request_length) {
            lost(s);
            return;
        }
        s->state = SHAKING;
        watch(epoll, EPOLL_CTL_MOD, s->fd, EPOLLIN, (uint64_t)(s - subscribers) + 1);
        return;
    }
    if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR))) return;
    while (s->state == SHAKING || s->state == OPEN) {
        // MSG_TRUNC takes bytes of a TCP socket without copying them: tcp(7).
        bool drop = s->payload_left > sizeof s->head;
        size_t room = drop ? s->payload_left : sizeof s->head - s->filled;
        ssize_t n = recv(s->fd, s->head + (drop ? 0 : s->filled), room, drop ? MSG_TRUNC : 0);
        if (n < 0 && errno == EAGAIN) return;
        if (n <= 0) {
            lost(s);
            return;
        }
        if (drop) {
            s->payload_left -= (uint64_t)n;
            if (!s->payload_left) delivered(s);
            if ((size_t)n < room) return;
            continue;
        }
        s->filled += (uint32_t)n;
        if (s->state == SHAKING) shake(s);
        else take(s);
        if ((size_t)n < room) return;
    }
}

static void begin(void) {
    memset(updates, 0, sizeof *updates * (highest < MOST_UPDATES ? highest + 1 : MOST_UPDATES));
    lowest = MOST_UPDATES;
    highest = 0;
    deliveries = bytes = burst_wall = burst_cpu = 0;
    window_began = monotonic();
    window_cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
}

static void report(void) {
    static uint64_t latencies[MOST_UPDATES];
    uint32_t seen = 0, complete = 0, open = 0;
    double wall = (double)(monotonic() - window_began), cpu = (double)(nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - window_cpu);
    for (uint32_t i = lowest; i <= highest && i < MOST_UPDATES; i++) {
        if (!updates[i].deliveries) continue;
        seen++;
        if (updates[i].last) latencies[complete++] = updates[i].last - updates[i].at;
    }
    for (uint32_t i = 0; i < started; i++) open += subscribers[i].state == OPEN;
    sort_times(latencies, complete);
    printf("open=%u updates=%u complete=%u deliveries=%llu bytes=%llu p50=%.3f p99=%.3f max=%.3f load=%.1f busy=%.1f\n",
           open, seen, complete, (unsigned long long)deliveries, (unsigned long long)bytes,
           percentile(latencies, complete, 50), percentile(latencies, complete, 99), percentile(latencies, complete, 100),
           100 * cpu / wall, burst_wall ? 100 * (double)burst_cpu / (double)burst_wall : 0);
    fflush(stdout);
}

int main(int arguments_count, char **arguments) {
    if (arguments_count < 4) return fprintf(stderr, "usage: subscribers PORT PATH COUNT [SUBPROTOCOL]\n"), 64;
    raise_descriptor_limit();
    port = atoi(arguments[1]);
    count = (uint32_t)atoi(arguments[3]);
    if (count < 1 || count > MOST_CONNECTIONS) return fprintf(stderr, "subscribers: 1 to 65536\n"), 64;
    request_length = websocket_request(request, sizeof request, port, arguments[2],
                                       arguments_count > 4 ? arguments[4] : "");
    subscribers = calloc(count, sizeof *subscribers);
    updates = calloc(MOST_UPDATES, sizeof *updates);
    if (!subscribers || !updates) fail("memory");
    epoll = epoll_create1(EPOLL_CLOEXEC);
    watch(epoll, EPOLL_CTL_ADD, 0, EPOLLIN, 0);

    uint64_t started_at = monotonic();
    bool reported = false;
    while (started < count && started < AT_ONCE) start_one();
    begin();
    for (;;) {
        struct epoll_event events[512];
        int ready = epoll_wait(epoll, events, 512, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.u64) {
                struct subscriber *s = &subscribers[events[i].data.u64 - 1];
                if (s->state != CLOSED) serve(s, events[i].events);
                continue;
            }
            char line[64];
            ssize_t n = read(0, line, sizeof line);
            if (n <= 0) exit(0);
            if (line[0] == 'b') begin();
            else report();
        }
        if (!reported && connected + failed == count) {
            double seconds = (double)(monotonic() - started_at) / 1e9;
            sort_times(connect_times, connected);
            printf("connected=%u failed=%u rate=%.0f p50=%.3f p99=%.3f max=%.3f\n", connected, failed, connected / seconds,
                   percentile(connect_times, connected, 50), percentile(connect_times, connected, 99),
                   percentile(connect_times, connected, 100));
            fflush(stdout);
            reported = true;
        }
    }
}
