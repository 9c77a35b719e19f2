// The source of updates.
//
//     endpoint poll PORT             a legacy endpoint: answers every GET with the document
//     endpoint feed PORT ITEMS       the same, with so many items of which a fifth changes each half second
//     endpoint nchan PORT PATH       posts the document to a publisher location of Nchan
//     endpoint pushpin PORT CHANNEL  posts it to Pushpin's control port, as a WebSocket message
//
// On standard input: "go SIZE MILLISECONDS" changes the document at every request, or posts a new one every so often;
// "stop" ends that.
#include "../common/network.h"
#include "document.h"
#include <poll.h>
#include <stdbool.h>

#define MOST_CLIENTS 64

static bool changing;
static size_t size = 200;
static unsigned long milliseconds;
static uint32_t counter;
static unsigned feed_items;
static char document[DOCUMENT_LARGEST], message[2 * DOCUMENT_LARGEST + 1024];
static size_t document_length;

static void obey(void) {
    char line[128];
    ssize_t n = read(0, line, sizeof line - 1);
    if (n <= 0) exit(0);
    line[n] = 0;
    changing = sscanf(line, "go %zu %lu", &size, &milliseconds) == 2;
}

static void send_whole(int fd, const char *bytes, size_t length) {
    for (size_t sent = 0; sent < length;) {
        ssize_t n = send(fd, bytes + sent, length - sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            poll(&(struct pollfd){fd, POLLOUT, 0}, 1, 1000);
            continue;
        }
        if (n < 0) fail("send");
        sent += (size_t)n;
    }
}

static void answer(int fd) {
    if (feed_items) document_length = write_feed(document, feed_items);
    else if (changing || !document_length) document_length = write_document(document, size, ++counter);
    int head = sprintf(message, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                       document_length);
    memcpy(message + head, document, document_length);
    send_whole(fd, message, (size_t)head + document_length);
}

static void serve(int port) {
    struct pollfd polled[2 + MOST_CLIENTS] = {{0, POLLIN, 0}, {listen_on_loopback(port), POLLIN, 0}};
    nfds_t used = 2;
    puts("ready");
    fflush(stdout);
    for (;;) {
        poll(polled, used, -1);
        if (polled[0].revents) obey();
        if (polled[1].revents && used < 2 + MOST_CLIENTS) {
            int fd = accept4(polled[1].fd, NULL, NULL, SOCK_CLOEXEC);
            if (fd >= 0) {
                set_no_delay(fd);
                polled[used++] = (struct pollfd){fd, POLLIN, 0};
            }
        }
        for (nfds_t i = 2; i < used; i++) {
            if (!polled[i].revents) continue;
            char request[8192];
            ssize_t n = recv(polled[i].fd, request, sizeof request - 1, 0);
            if (n <= 0) {
                close(polled[i].fd);
                polled[i--] = polled[--used];
                continue;
            }
            request[n] = 0;
            if (strstr(request, "\r\n\r\n")) answer(polled[i].fd);
        }
    }
}

// A document has no control characters, and its only characters that JSON strings escape are quotation marks.
static size_t write_escaped(char *out, const char *in, size_t length) {
    size_t written = 0;
    for (size_t i = 0; i < length; i++) {
        if (in[i] == '"') out[written++] = '\\';
        out[written++] = in[i];
    }
    return written;
}

static size_t write_request(int port, const char *path, const char *channel) {
    static char body[2 * DOCUMENT_LARGEST + 256];
    size_t length = write_document(document, size, ++counter);
    if (channel) {
        size_t n = (size_t)sprintf(body, "{\"items\":[{\"channel\":\"%s\",\"formats\":{\"ws-message\":{\"content\":\"", channel);
        n += write_escaped(body + n, document, length);
        length = n + (size_t)sprintf(body + n, "\"}}}]}");
    } else {
        memcpy(body, document, length);
    }
    int head = sprintf(message, "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n"
                                "Content-Length: %zu\r\n\r\n", path, port, length);
    memcpy(message + head, body, length);
    return (size_t)head + length;
}

// Sends a request and reads the answer's first part: its length, or 0 where the connection ended before that.
static ssize_t exchange(int fd, size_t length, char *answered, size_t capacity) {
    for (size_t sent = 0; sent < length;) {
        ssize_t n = send(fd, message + sent, length - sent, MSG_NOSIGNAL);
        if (n < 0) return 0;
        sent += (size_t)n;
    }
    ssize_t n = recv(fd, answered, capacity, 0);
    return n < 0 ? 0 : n;
}

// Posts one update. Nchan keeps the connection; Pushpin ends it after each answer, or just as the next request comes.
static int publish(int fd, int port, const char *path, const char *channel) {
    char answered[8192];
    size_t length = write_request(port, path, channel);
    ssize_t n = 0;
    for (int attempt = 0; attempt < 3 && n < 12; attempt++) {
        if (attempt > 0 || recv(fd, answered, 1, MSG_PEEK | MSG_DONTWAIT) == 0) {
            close(fd);
            fd = connect_blocking(port);
        }
        n = exchange(fd, length, answered, sizeof answered - 1);
    }
    if (n < 12) fail("no answer to a publication");
    if (answered[9] != '2') {
        answered[n] = 0;
        fprintf(stderr, "publishing failed: %s\n", answered);
        exit(1);
    }
    // What is left of an answer, so that it is not taken for the next one.
    while (recv(fd, answered, sizeof answered, MSG_DONTWAIT) > 0) continue;
    return fd;
}

static void publish_all(int port, const char *path, const char *channel) {
    int fd = connect_blocking(port);
    uint64_t next = 0;
    puts("ready");
    fflush(stdout);
    for (;;) {
        if (!changing) next = 0;
        else if (!next) next = monotonic();
        uint64_t now = monotonic();
        int wait = !changing ? -1 : now < next ? (int)((next - now + 999999) / 1000000) : 0;
        if (poll(&(struct pollfd){0, POLLIN, 0}, 1, wait) > 0) {
            obey();
            continue;
        }
        if (!changing || monotonic() < next) continue;
        fd = publish(fd, port, path, channel);
        next += milliseconds * 1000000;
    }
}

int main(int count, char **arguments) {
    if (count < 3) return fprintf(stderr, "usage: endpoint poll PORT | feed PORT ITEMS | nchan PORT PATH | pushpin PORT CHANNEL\n"), 64;
    int port = atoi(arguments[2]);
    if (!strcmp(arguments[1], "poll")) serve(port);
    if (count < 4) return 64;
    if (!strcmp(arguments[1], "feed")) {
        feed_items = (unsigned)atoi(arguments[3]);
        if (feed_items > 500) feed_items = 500;  // what fits into DOCUMENT_LARGEST
        serve(port);
    }
    if (!strcmp(arguments[1], "nchan")) publish_all(port, arguments[3], NULL);
    if (!strcmp(arguments[1], "pushpin")) publish_all(port, "/publish/", arguments[3]);
    return 64;
}
