// The document that changes: the same bytes for every server that is measured.
#ifndef BENCHMARK_DOCUMENT_H
#define BENCHMARK_DOCUMENT_H

#include <stdint.h>
#include <stdio.h>

#include "../common/clock.h"

// The head has one width, so that subscribers find both numbers at once.
#define DOCUMENT_LARGEST 65536

// Writes about `size` bytes of JSON, at most DOCUMENT_LARGEST, and returns the length. The time is that of this call.
//
// JSON numbers have no leading zeros (RFC 8259, section 6), so both numbers begin with a 1 that readers take off.
static inline size_t write_document(char *out, size_t size, uint32_t counter) {
    size_t length = (size_t)sprintf(out, "{\"counter\":1%09u,\"at\":1%019llu,\"items\":[", counter,
                                    (unsigned long long)monotonic());
    for (unsigned id = 0; length + 64 < size; id++) {
        length += (size_t)sprintf(out + length, "%s{\"id\":%u,\"name\":\"item %u\",\"value\":%u}", id ? "," : "", id, id,
                                  (id * 7919u + counter) % 100000u);
    }
    return length + (size_t)sprintf(out + length, "]}");
}

// Writes about 110 bytes for each of `items` items, of which a fifth is another one each half second, and returns the length.
static inline size_t write_feed(char *out, unsigned items) {
    uint64_t now = monotonic();
    unsigned tick = (unsigned)(now / 500000000u);
    size_t length = (size_t)sprintf(out, "{\"counter\":1%09u,\"at\":1%019llu,\"items\":[", tick, (unsigned long long)now);
    for (unsigned id = 0; id < items; id++) {
        unsigned changed = tick - (tick + id) % 5;
        length += (size_t)sprintf(
            out + length,
            "%s{\"id\":%u,\"name\":\"instrument %06u\",\"market\":\"FRANKFURT\",\"bid\":1%05u,\"ask\":1%05u,\"open\":true}",
            id ? "," : "", id, id, (id * 7919u + changed * 10473u) % 100000u, (id * 104729u + changed * 7907u) % 100000u);
    }
    return length + (size_t)sprintf(out + length, "]}");
}

// How many bytes at the start of a document read_document looks at.
#define DOCUMENT_PREFIX 48

// The counter and the time of a document, from its first DOCUMENT_PREFIX bytes.
static inline int read_document(const char *in, uint32_t *counter, uint64_t *at) {
    unsigned long long time;
    if (sscanf(in, "{\"counter\":1%9u,\"at\":1%19llu", counter, &time) != 2) return 0;
    *at = time;
    return 1;
}

#endif
