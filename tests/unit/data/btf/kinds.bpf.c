// SPDX-License-Identifier: GPL-2.0-only
/* A type of every kind that BTF has, in variables with values; README.md says how it was compiled. */
typedef unsigned int u32;
typedef unsigned long long u64;
typedef u32 level;

#define note(text) __attribute__((btf_decl_tag(text)))
#define tagged(text) __attribute__((btf_type_tag(text)))

enum color { RED, GREEN = 7, BLUE = 0x80000001 };
enum temperature { COLD = -40, MILD = 20 };
enum wide { WIDE_NONE, WIDE_ALL = 0xffffffffffffffffULL, WIDE_BIT = 1ULL << 40 };
enum wide_signed { LOWEST = -0x7000000000000000LL, HIGHEST = 0x7000000000000000LL };

struct opaque;
union hidden;

struct point {
	short x;
	short y;
};

struct flags {
	unsigned int one : 1;
	int small : 5;
	enum color color : 4;
	_Bool set : 1;
	unsigned int : 0;
	u64 far : 41;
};

struct inner {
	struct point corners[2];
	union {
		u64 whole;
		unsigned char parts[8];
	};
	struct {
		level level;
		enum temperature temperature;
	} limits;
};

struct outer {
	struct inner inner;
	struct flags flags;
	char name[16];
	const char *text;
	struct opaque *opaque;
	union hidden *hidden;
	struct outer *self;
	int (*call)(const char *format, ...);
	u64 grid[2][3];
	__int128 huge;
	unsigned __int128 mask;
	float ratio;
	double exact;
	_Bool yes;
	signed char tiny;
	unsigned char byte;
	char letter;
	enum color color;
	enum wide wide;
	enum wide_signed lowest;
	note("a member") u32 noted;
	struct point tagged("user") * user;
	char rest[];
};

struct outer everything = {
	.inner = { { { 1, -1 }, { 300, -300 } }, { .whole = 0x0102030405060708 }, { 4, COLD } },
	.flags = { 1, -16, GREEN, 1, 0x10000000001 },
	.name = "everything",
	.grid = { { 1, 2, 3 }, { 4, 5, ~0ULL } },
	.huge = -2,
	.mask = (unsigned __int128)0xfeedULL << 64 | 1,
	.ratio = 0.5f,
	.exact = -1.25,
	.yes = 1,
	.tiny = -128,
	.byte = 255,
	.letter = 'k',
	.color = BLUE,
	.wide = WIDE_BIT,
	.lowest = LOWEST,
	.noted = 99,
};

volatile const int constant = -5;
static volatile u64 counters[4] = { 10, 20, 30, 40 };
enum color unnamed_value = (enum color)3;
int zero;
extern int somewhere;

note("a function") int add(int *restrict into, int what)
{
	*into += what + (int)counters[what & 3] + zero + somewhere;
	return constant + (int)everything.noted + (int)unnamed_value;
}
