// libxcrypt: the password hashes of htpasswd files (bcrypt, sha-crypt). crypt_r is re-entrant.
#ifndef PUSHBRIDGE_CCRYPT_SHIM_H
#define PUSHBRIDGE_CCRYPT_SHIM_H

#include <crypt.h>

#endif
