// SPDX-License-Identifier: GPL-2.0-only
/* Version 2 of the plugins' interface, that of QEMU 9.0: QEMU no longer accepts version 1, and the rest is as in it. */
#define PLUGIN_VERSION 2
#include "api_1.c"
