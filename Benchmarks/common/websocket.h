// The little of RFC 6455 that a benchmark needs: both sides of the handshake, and the heads of frames.
#ifndef BENCHMARK_WEBSOCKET_H
#define BENCHMARK_WEBSOCKET_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

// SHA-1 (FIPS 180-4) of at most 119 bytes, which a key and its GUID are.
static inline void sha1(const char *text, size_t length, uint8_t digest[20]) {
    uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    uint8_t blocks[128] = {0};
    size_t size = length + 9 <= 64 ? 64 : 128;
    memcpy(blocks, text, length);
    blocks[length] = 0x80;
    for (int i = 0; i < 8; i++) blocks[size - 1 - (size_t)i] = (uint8_t)((uint64_t)length * 8 >> (8 * i));
    for (size_t start = 0; start < size; start += 64) {
        uint32_t w[80];
        for (int i = 0; i < 16; i++) {
            const uint8_t *p = blocks + start + 4 * (size_t)i;
            w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
        }
        for (int i = 16; i < 80; i++) {
            uint32_t x = w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16];
            w[i] = x << 1 | x >> 31;
        }
        uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
        for (int i = 0; i < 80; i++) {
            uint32_t f, k;
            if (i < 20) f = (b & c) | (~b & d), k = 0x5A827999;
            else if (i < 40) f = b ^ c ^ d, k = 0x6ED9EBA1;
            else if (i < 60) f = (b & c) | (b & d) | (c & d), k = 0x8F1BBCDC;
            else f = b ^ c ^ d, k = 0xCA62C1D6;
            uint32_t next = (a << 5 | a >> 27) + f + e + k + w[i];
            e = d, d = c, c = b << 30 | b >> 2, b = a, a = next;
        }
        h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
    }
    for (int i = 0; i < 20; i++) digest[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}

// The value of Sec-WebSocket-Accept (RFC 6455, 4.2.2) for the 24 characters of a key.
static inline void websocket_accept(const char *key, char accept[29]) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char text[64];
    uint8_t digest[21] = {0};
    int length = snprintf(text, sizeof text, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    sha1(text, (size_t)length, digest);
    for (int i = 0; i < 7; i++) {
        uint32_t three = (uint32_t)digest[3 * i] << 16 | (uint32_t)digest[3 * i + 1] << 8 | digest[3 * i + 2];
        for (int j = 0; j < 4; j++) accept[4 * i + j] = alphabet[three >> (18 - 6 * j) & 63];
    }
    accept[27] = '=';
    accept[28] = 0;
}

// A client's opening request. A benchmark's key need not be random: nothing between the two sides caches.
static inline int websocket_request(char *out, size_t capacity, int port, const char *path, const char *subprotocol) {
    char protocol[128] = "";
    if (*subprotocol) snprintf(protocol, sizeof protocol, "Sec-WebSocket-Protocol: %s\r\n", subprotocol);
    return snprintf(out, capacity,
        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
        path, port, protocol);
}

// Writes a frame's head, unmasked, and returns its length: 2, 4 or 10.
static inline size_t websocket_head(uint8_t *out, uint8_t opcode, uint64_t length, uint8_t mask_bit) {
    out[0] = 0x80 | opcode;
    if (length < 126) {
        out[1] = mask_bit | (uint8_t)length;
        return 2;
    }
    int bytes = length < 65536 ? 2 : 8;
    out[1] = mask_bit | (bytes == 2 ? 126 : 127);
    for (int i = 0; i < bytes; i++) out[2 + i] = (uint8_t)(length >> (8 * (bytes - 1 - i)));
    return 2 + (size_t)bytes;
}

// Reads an unmasked frame's head: its length, or 0 where more bytes are needed.
static inline size_t read_websocket_head(const uint8_t *in, size_t available, uint8_t *opcode, uint64_t *length) {
    if (available < 2) return 0;
    size_t extra = (in[1] & 127) == 126 ? 2 : (in[1] & 127) == 127 ? 8 : 0;
    if (available < 2 + extra) return 0;
    *opcode = in[0] & 15;
    *length = in[1] & 127;
    if (extra) {
        *length = 0;
        for (size_t i = 0; i < extra; i++) *length = *length << 8 | in[2 + i];
    }
    return 2 + extra;
}

#endif
