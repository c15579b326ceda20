// SPDX-License-Identifier: GPL-2.0-only
/* A number as text, for a variable of a certain type. */
#include "number.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "log.h"

bool number_fits(const struct variable *variable)
{
	return (btf_is_int(variable->type) || btf_is_any_enum(variable->type)) && variable->size <= 8;
}

static bool is_signed(const struct variable *variable)
{
	return btf_is_int(variable->type) ? btf_int_encoding(variable->type) & BTF_INT_SIGNED :
					    btf_kflag(variable->type);
}

static bool is_bool(const struct variable *variable)
{
	return btf_is_int(variable->type) && (btf_int_encoding(variable->type) & BTF_INT_BOOL);
}

int number_parse(const char *option, const char *name, const struct variable *variable, const char *text, __u64 *value)
{
	int bits = variable->size * 8;
	bool negative = text[0] == '-';
	char *end;

	if (is_bool(variable)) {
		if (!strcmp(text, "true") || !strcmp(text, "false"))
			*value = text[0] == 't';
		else if (!strcmp(text, "0") || !strcmp(text, "1"))
			*value = text[0] == '1';
		else
			goto refused_bool;
		return 0;
	}
	errno = 0;
	*value = negative ? (__u64)strtoll(text, &end, 0) : strtoull(text, &end, 0);
	if (!text[0] || *end || text[0] == ' ' || text[0] == '+') {
		say("%s %s=%s: not a whole number", option, name, text);
		return -1;
	}
	if (is_signed(variable)) {
		__s64 high = ~0ULL >> (65 - bits);
		__s64 low = -high - 1;

		if (errno || (negative ? (__s64)*value < low : *value > (__u64)high)) {
			say("%s %s=%s: out of range, must be %lld to %lld", option, name, text, (long long)low,
			    (long long)high);
			return -1;
		}
	} else {
		__u64 high = ~0ULL >> (64 - bits);

		if (errno || negative || *value > high) {
			say("%s %s=%s: out of range, must be 0 to %llu", option, name, text,
			    (unsigned long long)high);
			return -1;
		}
	}
	return 0;

refused_bool:
	say("%s %s=%s: must be 0, 1, true or false", option, name, text);
	return -1;
}
