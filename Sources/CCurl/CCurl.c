// libcurl's own functions, each of which finds the real one in the library that this machine has.
//
// Where the library is linked in the usual way, a machine that lacks it answers every command, even --help, with a line of the
// dynamic linker's that names a file. What the indirection costs is a jump.

#include "CCurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const char *failure = NULL;
// The linker's own words are gone with its next one.
static char words[512];

#define FUNCTIONS(X) \
    X(curl_global_init) \
    X(curl_easy_init) \
    X(curl_easy_cleanup) \
    X(curl_easy_reset) \
    X(curl_easy_strerror) \
    X(curl_free) \
    X(curl_getdate) \
    X(curl_multi_init) \
    X(curl_multi_cleanup) \
    X(curl_multi_add_handle) \
    X(curl_multi_remove_handle) \
    X(curl_multi_socket_action) \
    X(curl_multi_info_read) \
    X(curl_multi_strerror) \
    X(curl_slist_append) \
    X(curl_slist_free_all) \
    X(curl_url) \
    X(curl_url_cleanup) \
    X(curl_url_get) \
    X(curl_url_set) \
    X(curl_easy_setopt) \
    X(curl_easy_getinfo) \
    X(curl_multi_setopt)

#define POINTER(name) static __typeof__(name) *real_##name = NULL;
FUNCTIONS(POINTER)

static void find(void) {
    // The one of OpenSSL first: the others are the same library with another one's TLS.
    static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl-nss.so.4"};
    void *library = NULL;
    for (size_t index = 0; library == NULL && index < sizeof names / sizeof names[0]; index++) {
        library = dlopen(names[index], RTLD_NOW | RTLD_LOCAL);
        if (library == NULL && failure == NULL) {
            const char *said = dlerror();
            snprintf(words, sizeof words, "%s", said == NULL ? "it cannot be loaded" : said);
            failure = words;
        }
    }
    if (library == NULL) return;
    failure = NULL;
#define FIND(name) \
    *(void **)&real_##name = dlsym(library, #name); \
    if (real_##name == NULL) failure = "it is older than 7.74: it has no " #name;
    FUNCTIONS(FIND)
}

const char *ccurl_load(void) {
    (void)pthread_once(&once, find);
    return failure;
}

static void need(void) {
    if (ccurl_load() == NULL) return;
    fprintf(stderr, "libcurl cannot be used: %s\n", failure);
    abort();
}

// The header has macros of these names, for C programs that are to be warned of their arguments.
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

// Every argument of the three is a long, a 64-bit offset or a pointer, which all are passed alike where both are of 64 bits.
_Static_assert(sizeof(long) == sizeof(void *) && sizeof(curl_off_t) == sizeof(void *), "only on 64-bit Linux");

#define VARIABLE(result, name, handle, option) \
    result name(handle *object, option what, ...) { \
        need(); \
        va_list arguments; \
        va_start(arguments, what); \
        void *value = va_arg(arguments, void *); \
        va_end(arguments); \
        return real_##name(object, what, value); \
    }

VARIABLE(CURLcode, curl_easy_setopt, CURL, CURLoption)
VARIABLE(CURLcode, curl_easy_getinfo, CURL, CURLINFO)
VARIABLE(CURLMcode, curl_multi_setopt, CURLM, CURLMoption)

CURLcode curl_global_init(long flags) {
    need();
    return real_curl_global_init(flags);
}

CURL *curl_easy_init(void) {
    need();
    return real_curl_easy_init();
}

void curl_easy_cleanup(CURL *easy) {
    need();
    real_curl_easy_cleanup(easy);
}

void curl_easy_reset(CURL *easy) {
    need();
    real_curl_easy_reset(easy);
}

const char *curl_easy_strerror(CURLcode code) {
    need();
    return real_curl_easy_strerror(code);
}

void curl_free(void *memory) {
    need();
    real_curl_free(memory);
}

time_t curl_getdate(const char *text, const time_t *unused) {
    need();
    return real_curl_getdate(text, unused);
}

CURLM *curl_multi_init(void) {
    need();
    return real_curl_multi_init();
}

CURLMcode curl_multi_cleanup(CURLM *multi) {
    need();
    return real_curl_multi_cleanup(multi);
}

CURLMcode curl_multi_add_handle(CURLM *multi, CURL *easy) {
    need();
    return real_curl_multi_add_handle(multi, easy);
}

CURLMcode curl_multi_remove_handle(CURLM *multi, CURL *easy) {
    need();
    return real_curl_multi_remove_handle(multi, easy);
}

CURLMcode curl_multi_socket_action(CURLM *multi, curl_socket_t socket, int events, int *running) {
    need();
    return real_curl_multi_socket_action(multi, socket, events, running);
}

CURLMsg *curl_multi_info_read(CURLM *multi, int *left) {
    need();
    return real_curl_multi_info_read(multi, left);
}

const char *curl_multi_strerror(CURLMcode code) {
    need();
    return real_curl_multi_strerror(code);
}

struct curl_slist *curl_slist_append(struct curl_slist *list, const char *text) {
    need();
    return real_curl_slist_append(list, text);
}

void curl_slist_free_all(struct curl_slist *list) {
    need();
    real_curl_slist_free_all(list);
}

CURLU *curl_url(void) {
    need();
    return real_curl_url();
}

void curl_url_cleanup(CURLU *url) {
    need();
    real_curl_url_cleanup(url);
}

// Newer headers have a const here, and older ones do not.
CURLUcode url_get(CURLU *url, CURLUPart part, char **text, unsigned int flags) __asm__("curl_url_get");
CURLUcode url_get(CURLU *url, CURLUPart part, char **text, unsigned int flags) {
    need();
    return real_curl_url_get(url, part, text, flags);
}

CURLUcode curl_url_set(CURLU *url, CURLUPart part, const char *text, unsigned int flags) {
    need();
    return real_curl_url_set(url, part, text, flags);
}
