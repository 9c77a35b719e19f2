// zlib's init functions are macros that pass the library version and the size of z_stream; Swift cannot import
// macros with arguments, so these two inline functions stand in for them. Both make raw streams (RFC 1951, no zlib
// header), which is what RFC 7692 puts on the wire: `window_bits` is 8...15 (9...15 for deflate) and is negated here.
#ifndef PUSHBRIDGE_CZLIB_SHIM_H
#define PUSHBRIDGE_CZLIB_SHIM_H

#include <zlib.h>

static inline int czlib_deflate_init_raw(z_stream *stream, int level, int window_bits, int memory_level) {
    return deflateInit2(stream, level, Z_DEFLATED, -window_bits, memory_level, Z_DEFAULT_STRATEGY);
}

static inline int czlib_inflate_init_raw(z_stream *stream, int window_bits) {
    return inflateInit2(stream, -window_bits);
}

#endif
