// The limit of a broadcast: one epoll loop that sends one frame, made once, to every WebSocket there is. No topics, no
// polling, no limits, no time-outs; what remains is what the kernel charges.
//
//     limit PORT
//
// Compiled with -DURING and liburing it is limit-uring, which hands the kernel whole batches of sends through io_uring
// instead of one in each system call; all else is the same. What that brings stands in docs/performance.md.
//
// On standard input: "go SIZE MILLISECONDS" sends an update of about SIZE bytes every so often, "stop" ends that.
#include "../common/network.h"
#include "../common/websocket.h"
#include "document.h"
#include <stdbool.h>
#include <sys/timerfd.h>
#ifdef URING
#include <liburing.h>
#define BATCH 512
#endif

#define MOST_DESCRIPTORS 65536

struct connection {
    bool open, upgraded;
    uint32_t filled;       // bytes of the request
    char *request;         // freed with the answer
    uint8_t *rest;         // what the kernel did not take of a frame
    size_t rest_length, rest_sent;
};

static struct connection connections[MOST_DESCRIPTORS];
static int highest, epoll, timer;
static size_t size;
static uint32_t counter;
static uint8_t frame[16 + DOCUMENT_LARGEST];
#ifdef URING
static struct io_uring ring;
#endif

static void end(int fd) {
    free(connections[fd].request);
    free(connections[fd].rest);
    connections[fd] = (struct connection){0};
    close(fd);
}

static void accept_all(int listener) {
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if (fd >= MOST_DESCRIPTORS) {
            close(fd);
            continue;
        }
        set_no_delay(fd);
        connections[fd] = (struct connection){.open = true, .request = malloc(2048)};
        if (fd > highest) highest = fd;
        watch(epoll, EPOLL_CTL_ADD, fd, EPOLLIN, (uint64_t)fd);
    }
}

static void answer_handshake(int fd) {
    struct connection *c = &connections[fd];
    ssize_t n = recv(fd, c->request + c->filled, 2047 - c->filled, 0);
    if (n <= 0) {
        end(fd);
        return;
    }
    c->filled += (uint32_t)n;
    c->request[c->filled] = 0;
    if (!strstr(c->request, "\r\n\r\n")) return;
    char *key = strcasestr(c->request, "\r\nsec-websocket-key:");
    if (!key) {
        end(fd);
        return;
    }
    char accept[29], answer[256];
    websocket_accept(key + 20 + strspn(key + 20, " "), accept);
    int length = snprintf(answer, sizeof answer,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: %s\r\n\r\n", accept);
    if (send(fd, answer, (size_t)length, MSG_NOSIGNAL) != length) {
        end(fd);
        return;
    }
    free(c->request);
    c->request = NULL;
    c->upgraded = true;
}

// What is left of a frame when the kernel took `result` bytes of it, or answered with an error's negative number.
static void sent(int fd, size_t total, ssize_t result) {
    struct connection *c = &connections[fd];
    if (result == (ssize_t)total) return;
    if (result < 0 && result != -EAGAIN) {
        end(fd);
        return;
    }
    size_t done = result < 0 ? 0 : (size_t)result;
    c->rest_length = total - done;
    c->rest_sent = 0;
    c->rest = malloc(c->rest_length);
    memcpy(c->rest, frame + done, c->rest_length);
    watch(epoll, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLOUT, (uint64_t)fd);
}

// As in pushbridge, a slow client misses versions.
static bool takes_frames(int fd) { return connections[fd].upgraded && !connections[fd].rest; }

#ifdef URING
static void send_to_all(size_t total) {
    for (int fd = 0; fd <= highest;) {
        unsigned prepared = 0;
        for (; fd <= highest && prepared < BATCH; fd++) {
            if (!takes_frames(fd)) continue;
            struct io_uring_sqe *entry = io_uring_get_sqe(&ring);
            io_uring_prep_send(entry, fd, frame, total, MSG_NOSIGNAL | MSG_DONTWAIT);
            io_uring_sqe_set_data64(entry, (uint64_t)fd);
            prepared++;
        }
        io_uring_submit_and_wait(&ring, prepared);
        struct io_uring_cqe *entry;
        unsigned head, seen = 0;
        io_uring_for_each_cqe(&ring, head, entry) {
            sent((int)entry->user_data, total, entry->res);
            seen++;
        }
        io_uring_cq_advance(&ring, seen);
    }
}

static void begin_ring(void) {
    int result = io_uring_queue_init(BATCH, &ring, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
    if (result < 0) {
        errno = -result;
        fail("io_uring");
    }
}
#else
static void send_to_all(size_t total) {
    for (int fd = 0; fd <= highest; fd++) {
        if (!takes_frames(fd)) continue;
        ssize_t n = send(fd, frame, total, MSG_NOSIGNAL);
        sent(fd, total, n < 0 ? -errno : n);
    }
}
#endif

static void broadcast(void) {
    char document[DOCUMENT_LARGEST];
    size_t length = write_document(document, size, ++counter);
    size_t head = websocket_head(frame, 1, length, 0), total = head + length;
    memcpy(frame + head, document, length);
    send_to_all(total);
}

static void send_rest(int fd) {
    struct connection *c = &connections[fd];
    ssize_t n = send(fd, c->rest + c->rest_sent, c->rest_length - c->rest_sent, MSG_NOSIGNAL);
    if (n < 0) return;
    c->rest_sent += (size_t)n;
    if (c->rest_sent < c->rest_length) return;
    free(c->rest);
    c->rest = NULL;
    watch(epoll, EPOLL_CTL_MOD, fd, EPOLLIN, (uint64_t)fd);
}

static void obey(void) {
    char line[128];
    ssize_t n = read(0, line, sizeof line - 1);
    if (n <= 0) exit(0);
    line[n] = 0;
    unsigned long milliseconds = 0;
    if (sscanf(line, "go %zu %lu", &size, &milliseconds) != 2) milliseconds = 0;
    struct timespec period = {(time_t)(milliseconds / 1000), (long)(milliseconds % 1000) * 1000000};
    timerfd_settime(timer, 0, &(struct itimerspec){period, period}, NULL);
}

int main(int count, char **arguments) {
    if (count != 2) return fprintf(stderr, "usage: limit PORT\n"), 64;
    raise_descriptor_limit();
    epoll = epoll_create1(EPOLL_CLOEXEC);
    int listener = listen_on_loopback(atoi(arguments[1]));
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
#ifdef URING
    begin_ring();
#endif
    watch(epoll, EPOLL_CTL_ADD, listener, EPOLLIN, (uint64_t)listener);
    watch(epoll, EPOLL_CTL_ADD, timer, EPOLLIN, (uint64_t)timer);
    watch(epoll, EPOLL_CTL_ADD, 0, EPOLLIN, 0);
    puts("ready");
    fflush(stdout);
    for (;;) {
        struct epoll_event events[512];
        int ready = epoll_wait(epoll, events, 512, -1);
        for (int i = 0; i < ready; i++) {
            int fd = (int)events[i].data.u64;
            uint64_t expirations;
            char ignored[512];
            if (fd == 0) obey();
            else if (fd == listener) accept_all(listener);
            else if (fd == timer) {
                if (read(timer, &expirations, sizeof expirations) > 0) broadcast();
            } else if (!connections[fd].open) continue;
            else if (!connections[fd].upgraded) answer_handshake(fd);
            else {
                if (events[i].events & EPOLLOUT && connections[fd].rest) send_rest(fd);
                if (events[i].events & ~(uint32_t)EPOLLOUT && recv(fd, ignored, sizeof ignored, 0) <= 0) end(fd);
            }
        }
    }
}
