/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events: what the guest reports to the host, a JSON object each. The kind of an event is `ev`, its time `t`:
 *
 *	emit_begin("flushed");
 *	emit_u64("pages", pages);
 *	emit_end();
 *
 * An event has at most KTSTR_EVENT_BYTES bytes. A string that does not fit is cut, and a field that does not fit is left
 * out with all that follow it, so that the event is always whole. Numbers are written in decimal. A process that was
 * forked may emit events, too; events of one process must not be nested.
 */
#ifndef KTSTR_EVENT_H
#define KTSTR_EVENT_H

#include <ktstr/basics.h>

void emit_begin(const char *event);
void emit_text(const char *key, const char *value);
void emit_bytes(const char *key, const char *value, size_t length);
void emit_base64(const char *key, const char *data, size_t length);
void emit_u64(const char *key, uint64_t value);
void emit_u64s(const char *key, const uint64_t *values, size_t count);
void emit_i64(const char *key, int64_t value);
void emit_end(void);

/* Emits the event `error` and ends the guest: the run could not be done, which says nothing about the scheduler. */
void fail(const char *where, const char *what) __attribute__((noreturn));

/* The same with a message that is formatted as printf(3) does; one of more than 511 bytes is cut. */
void fail_format(const char *where, const char *format, ...) __attribute__((noreturn, format(printf, 2, 3)));

/* The same with errno's text after `what`. */
void fail_errno(const char *where, const char *what) __attribute__((noreturn));

#endif
