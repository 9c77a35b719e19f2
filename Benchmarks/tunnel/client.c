// The load side of a tunnel: sends messages to an echo and waits for them.
//
//     client raw PORT BYTES IN_FLIGHT CONNECTIONS SECONDS
//     client PATH PORT BYTES IN_FLIGHT CONNECTIONS SECONDS
//
// "raw" is plain TCP; a PATH is a WebSocket that carries each message as one masked binary frame. Prints "ready" when all
// connections are open, starts at a line of standard input, and ends with a line of NAME=VALUE pairs. A message counts when
// the last of its bytes is back, whatever frames they came in. Every byte that comes back is checked.
#include "../common/clock.h"
#include "../common/network.h"
#include "../common/websocket.h"
#include <stdbool.h>

#define MOST_IN_FLIGHT 64
#define CHUNK (256 * 1024)

struct connection {
    int fd;
    uint64_t begun, finished;        // messages
    size_t out_sent;                 // of the message that is being sent; 0 where none is
    bool sending, wants_out;
    uint64_t received;               // bytes of the message that is coming back
    uint64_t times[MOST_IN_FLIGHT];  // when each message in flight was begun
    uint8_t head[16];
    size_t head_filled;
    uint64_t frame_left;             // payload of the frame that is coming
    bool ignored;                    // a control frame
};

static bool websocket;
static int epoll, in_flight;
static size_t size;
static uint8_t *message, *expected;
static size_t message_length;
static uint64_t *latencies;
static size_t latency_count, latency_capacity;
static uint64_t payload;

static void make_message(void) {
    static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};
    expected = malloc(size);
    message = malloc(size + 14);
    if (!expected || !message) fail("memory");
    for (size_t i = 0; i < size; i++) expected[i] = (uint8_t)(i * 131 + i / 251);
    if (websocket) {
        size_t head = websocket_head(message, 2, size, 0x80);
        memcpy(message + head, key, 4);
        head += 4;
        for (size_t i = 0; i < size; i++) message[head + i] = expected[i] ^ key[i & 3];
        message_length = head + size;
    } else {
        memcpy(message, expected, size);
        message_length = size;
    }
}

static void want_out(struct connection *c, bool wanted, uint64_t tag) {
    if (c->wants_out == wanted) return;
    c->wants_out = wanted;
    watch(epoll, EPOLL_CTL_MOD, c->fd, EPOLLIN | (wanted ? EPOLLOUT : 0), tag);
}

static void send_more(struct connection *c, uint64_t tag) {
    for (;;) {
        if (!c->sending) {
            if (c->begun - c->finished >= (uint64_t)in_flight) break;
            c->times[c->begun++ % MOST_IN_FLIGHT] = monotonic();
            c->sending = true;
            c->out_sent = 0;
        }
        ssize_t n = send(c->fd, message + c->out_sent, message_length - c->out_sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            want_out(c, true, tag);
            return;
        }
        if (n < 0) fail("send");
        c->out_sent += (size_t)n;
        if (c->out_sent == message_length) c->sending = false;
    }
    want_out(c, false, tag);
}

static void take_payload(struct connection *c, const uint8_t *in, size_t length) {
    while (length) {
        size_t n = size - c->received < length ? size - c->received : length;
        if (memcmp(in, expected + c->received, n) != 0) {
            fprintf(stderr, "the echo differs from what was sent\n");
            exit(1);
        }
        in += n;
        length -= n;
        c->received += n;
        payload += n;
        if (c->received < size) return;
        c->received = 0;
        if (latency_count == latency_capacity) {
            latency_capacity = latency_capacity ? 2 * latency_capacity : 1 << 20;
            latencies = realloc(latencies, latency_capacity * sizeof *latencies);
            if (!latencies) fail("memory");
        }
        latencies[latency_count++] = monotonic() - c->times[c->finished++ % MOST_IN_FLIGHT];
    }
}

static void take(struct connection *c, const uint8_t *in, size_t length) {
    if (!websocket) {
        take_payload(c, in, length);
        return;
    }
    while (length) {
        if (c->frame_left) {
            size_t n = c->frame_left < length ? c->frame_left : length;
            if (!c->ignored) take_payload(c, in, n);
            c->frame_left -= n;
            in += n;
            length -= n;
            continue;
        }
        c->head[c->head_filled++] = *in++;
        length--;
        uint8_t opcode;
        if (read_websocket_head(c->head, c->head_filled, &opcode, &c->frame_left)) {
            c->head_filled = 0;
            c->ignored = opcode >= 8;
            if (opcode == 8) {
                fprintf(stderr, "the tunnel was closed\n");
                exit(1);
            }
        } else {
            c->frame_left = 0;
        }
    }
}

static void shake(int fd, int port, const char *path) {
    char text[1024];
    int length = websocket_request(text, sizeof text, port, path, "binary");
    if (send(fd, text, (size_t)length, MSG_NOSIGNAL) != length) fail("send");
    size_t filled = 0;
    do {
        // One byte at a time: what follows the head belongs to the tunnel.
        ssize_t n = recv(fd, text + filled, 1, 0);
        if (n <= 0) fail("handshake");
        filled += (size_t)n;
    } while (filled < sizeof text - 1 && !(filled > 4 && memcmp(text + filled - 4, "\r\n\r\n", 4) == 0));
    if (memcmp(text + 9, "101", 3) != 0) {
        text[filled] = 0;
        fprintf(stderr, "no WebSocket: %s\n", text);
        exit(1);
    }
}

int main(int count, char **arguments) {
    if (count != 7) return fprintf(stderr, "usage: client raw|PATH PORT BYTES IN_FLIGHT CONNECTIONS SECONDS\n"), 64;
    raise_descriptor_limit();
    websocket = strcmp(arguments[1], "raw") != 0;
    int port = atoi(arguments[2]), connections_count = atoi(arguments[5]);
    size = (size_t)atol(arguments[3]);
    in_flight = atoi(arguments[4]);
    double seconds = atof(arguments[6]);
    if (in_flight < 1 || in_flight > MOST_IN_FLIGHT || connections_count < 1 || size < 1) return 64;
    make_message();
    struct connection *connections = calloc((size_t)connections_count, sizeof *connections);
    if (!connections) fail("memory");
    epoll = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < connections_count; i++) {
        connections[i].fd = connect_blocking(port);
        if (websocket) shake(connections[i].fd, port, arguments[1]);
        set_nonblocking(connections[i].fd);
        watch(epoll, EPOLL_CTL_ADD, connections[i].fd, EPOLLIN, (uint64_t)i);
    }
    puts("ready");
    fflush(stdout);
    char line[16];
    if (read(0, line, sizeof line) <= 0) return 1;

    uint64_t began = monotonic(), cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID), end = began + (uint64_t)(seconds * 1e9), now;
    for (int i = 0; i < connections_count; i++) send_more(&connections[i], (uint64_t)i);
    while ((now = monotonic()) < end) {
        struct epoll_event events[256];
        int ready = epoll_wait(epoll, events, 256, (int)((end - now) / 1000000) + 1);
        for (int i = 0; i < ready; i++) {
            static uint8_t chunk[CHUNK];
            struct connection *c = &connections[events[i].data.u64];
            if (events[i].events & ~(uint32_t)EPOLLOUT) {
                ssize_t n = recv(c->fd, chunk, sizeof chunk, 0);
                if (n == 0 || (n < 0 && errno != EAGAIN)) fail("the echo ended");
                if (n > 0) take(c, chunk, (size_t)n);
            }
            send_more(c, events[i].data.u64);
        }
    }
    double wall = (double)(monotonic() - began);
    cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    sort_times(latencies, latency_count);
    printf("messages=%zu payload=%llu wall=%.6f p50=%.4f p99=%.4f max=%.4f load=%.1f\n", latency_count,
           (unsigned long long)payload, wall / 1e9, percentile(latencies, latency_count, 50),
           percentile(latencies, latency_count, 99), percentile(latencies, latency_count, 100), 100 * (double)cpu / wall);
    fflush(stdout);
    // The connections stay until whoever started this has read what the relay used: websockify's processes end with them.
    while (read(0, line, sizeof line) > 0) continue;
    return 0;
}
