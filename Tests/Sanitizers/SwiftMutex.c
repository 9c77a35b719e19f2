// What the thread sanitizer has to be told of Swift's Mutex. scripts/sanitize links this into what it tests.
//
// On Linux the Mutex takes a free lock, and gives back one that nobody waits for, by atomic operations that are compiled
// into our code, where the sanitizer sees them. For a lock that is held it calls the standard library, which is not compiled
// for the sanitizer and asks the kernel (FUTEX_LOCK_PI): each time that two threads met at a Mutex, what it protects looked
// like a race. These two functions stand before the library's own, which they call, and say what those do. A suppression
// would hide the real races in the same places.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *self
#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

// _MutexHandle._lockSlow(_: UInt32), of the standard library's Synchronization/Mutex/LinuxImpl.swift
SWIFT void lockSlow(uint32_t thread, SELF) __asm__(LOCK_SLOW);
// _MutexHandle._unlockSlow()
SWIFT void unlockSlow(SELF) __asm__(UNLOCK_SLOW);

SWIFT void lockSlow(uint32_t thread, SELF) {
    typedef SWIFT void (*LockSlow)(uint32_t, SELF);
    ((LockSlow)dlsym(RTLD_NEXT, LOCK_SLOW))(thread, self);
    __tsan_acquire(self);
}

SWIFT void unlockSlow(SELF) {
    typedef SWIFT void (*UnlockSlow)(SELF);
    __tsan_release(self);
    ((UnlockSlow)dlsym(RTLD_NEXT, UNLOCK_SLOW))(self);
}
