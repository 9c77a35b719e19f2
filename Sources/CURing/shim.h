// io_uring for Swift, for the one thing that it is used for here: the same bytes to many sockets in few system calls.
// liburing's own functions are inline and work on unions and rings in shared memory, which C says better than Swift.
#ifndef PUSHBRIDGE_CURING_SHIM_H
#define PUSHBRIDGE_CURING_SHIM_H

#include <errno.h>
#include <liburing.h>
#include <stdint.h>
#include <sys/socket.h>

// Opens a ring for `entries` sends at once. It belongs to the calling thread. 0, or a negative errno: ENOSYS, EPERM and
// ENOMEM where the kernel has no io_uring, a sandbox forbids it, or memory may not be locked.
static inline int curing_open(struct io_uring *ring, unsigned entries) {
    int result = io_uring_queue_init(entries, ring, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
    // Linux before 6.1 does not know these two flags, which only save work.
    if (result == -EINVAL) result = io_uring_queue_init(entries, ring, 0);
    return result;
}

// Sends `length` bytes to `count` sockets, no more than the ring has entries. On return `results` says for each how many
// bytes the kernel took, or a negative errno: EAGAIN where the socket is full.
//
// All sends have ended when this returns: MSG_DONTWAIT makes a full socket an answer instead of a wait in the kernel.
// 0, or the negative errno of a ring that must be closed: what it did not answer has the result EAGAIN, and since the
// kernel has not taken those entries, they are never sent. What it had answered before is read also then: a send that is
// done and taken for one that is not would be done twice.
static inline int curing_send(
    struct io_uring *ring, const int *descriptors, int *results, unsigned count, const void *bytes, size_t length
) {
    unsigned prepared = 0, answered = 0;
    for (; prepared < count; prepared++) {
        struct io_uring_sqe *entry = io_uring_get_sqe(ring);
        if (!entry) break;
        io_uring_prep_send(entry, descriptors[prepared], bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        io_uring_sqe_set_data64(entry, prepared);
    }
    for (unsigned i = 0; i < count; i++) results[i] = -EAGAIN;
    while (answered < prepared) {
        int submitted = io_uring_submit_and_wait(ring, prepared - answered);
        struct io_uring_cqe *entry;
        unsigned head, seen = 0;
        io_uring_for_each_cqe(ring, head, entry) {
            results[entry->user_data] = entry->res;
            seen++;
        }
        io_uring_cq_advance(ring, seen);
        answered += seen;
        if (submitted < 0 && submitted != -EINTR) return submitted;
    }
    return 0;
}

#endif
