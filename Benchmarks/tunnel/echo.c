// The backend of the tunnels: sends back what it receives. Reads no more from a connection while that takes nothing.
//
//     echo PORT
#include "../common/network.h"

#define MOST_DESCRIPTORS 65536
#define CHUNK (256 * 1024)

// What a connection has not taken yet.
struct rest {
    char *bytes;
    size_t length, sent;
};

static struct rest rests[MOST_DESCRIPTORS];
static int epoll;

static void end(int fd) {
    free(rests[fd].bytes);
    rests[fd] = (struct rest){0};
    close(fd);
}

static void echo(int fd) {
    static char chunk[CHUNK];
    ssize_t n = recv(fd, chunk, sizeof chunk, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
        end(fd);
        return;
    }
    ssize_t sent = send(fd, chunk, (size_t)n, MSG_NOSIGNAL);
    if (sent == n) return;
    if (sent < 0 && errno != EAGAIN) {
        end(fd);
        return;
    }
    if (sent < 0) sent = 0;
    rests[fd] = (struct rest){malloc((size_t)(n - sent)), (size_t)(n - sent), 0};
    memcpy(rests[fd].bytes, chunk + sent, (size_t)(n - sent));
    watch(epoll, EPOLL_CTL_MOD, fd, EPOLLOUT, (uint64_t)fd);
}

static void send_rest(int fd) {
    struct rest *rest = &rests[fd];
    ssize_t n = send(fd, rest->bytes + rest->sent, rest->length - rest->sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0) {
        end(fd);
        return;
    }
    rest->sent += (size_t)n;
    if (rest->sent < rest->length) return;
    free(rest->bytes);
    *rest = (struct rest){0};
    watch(epoll, EPOLL_CTL_MOD, fd, EPOLLIN, (uint64_t)fd);
}

int main(int count, char **arguments) {
    if (count != 2) return fprintf(stderr, "usage: echo PORT\n"), 64;
    raise_descriptor_limit();
    epoll = epoll_create1(EPOLL_CLOEXEC);
    int listener = listen_on_loopback(atoi(arguments[1]));
    watch(epoll, EPOLL_CTL_ADD, listener, EPOLLIN, (uint64_t)listener);
    puts("ready");
    fflush(stdout);
    for (;;) {
        struct epoll_event events[256];
        int ready = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            int fd = (int)events[i].data.u64;
            if (fd != listener) {
                if (rests[fd].bytes) send_rest(fd);
                else echo(fd);
                continue;
            }
            int accepted;
            while ((accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
                if (accepted >= MOST_DESCRIPTORS) {
                    close(accepted);
                    continue;
                }
                set_no_delay(accepted);
                watch(epoll, EPOLL_CTL_ADD, accepted, EPOLLIN, (uint64_t)accepted);
            }
        }
    }
}
