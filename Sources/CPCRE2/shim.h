// PCRE2 comes in three widths of code units; its header declares none until it is told which.
#ifndef PUSHBRIDGE_CPCRE2_SHIM_H
#define PUSHBRIDGE_CPCRE2_SHIM_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#endif
