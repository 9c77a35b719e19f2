// Time and the summary of many times, for every program of the benchmark.
#ifndef BENCHMARK_CLOCK_H
#define BENCHMARK_CLOCK_H

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

// Nanoseconds of a clock. CLOCK_MONOTONIC is one clock for all processes of the machine, so that a time that one of them
// wrote into a document can be compared in another.
static inline uint64_t nanoseconds(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline uint64_t monotonic(void) { return nanoseconds(CLOCK_MONOTONIC); }

static int compare_times(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static inline void sort_times(uint64_t *times, size_t count) { qsort(times, count, sizeof *times, compare_times); }

// The nearest-rank percentile of sorted nanoseconds, in milliseconds; 0 where there are none.
static inline double percentile(const uint64_t *sorted, size_t count, double p) {
    if (count == 0) return 0;
    size_t rank = (size_t)(p / 100 * (double)count + 0.999999);
    if (rank < 1) rank = 1;
    if (rank > count) rank = count;
    return (double)sorted[rank - 1] / 1e6;
}

#endif
