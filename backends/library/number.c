// SPDX-License-Identifier: GPL-2.0-only
/* Numbers from text, as strictly as the kernel reads them: kstrto* and simple_strto*. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include <linux/kernel.h>

/* The base that a prefix says, where @base leaves it open; the prefix is skipped. */
static unsigned int take_prefix(const char **text, unsigned int base)
{
	const char *at = *text;
	bool hex = at[0] == '0' && (at[1] == 'x' || at[1] == 'X') && isxdigit((unsigned char)at[2]);

	if (base == 0)
		base = hex ? 16 : at[0] == '0' ? 8 : 10;
	if (base == 16 && hex)
		*text += 2;
	return base;
}

static unsigned int digit_of(char c)
{
	if (isdigit((unsigned char)c))
		return (unsigned int)(c - '0');
	if (isalpha((unsigned char)c))
		return (unsigned int)(tolower((unsigned char)c) - 'a') + 10;
	return ~0U;
}

/* As many digits as there are. Returns how many, and whether the value fitted. */
static size_t take_digits(const char *text, unsigned int base, unsigned long long *value,
			  bool *fits)
{
	size_t length = 0;

	*value = 0;
	*fits = true;
	for (unsigned int digit; (digit = digit_of(text[length])) < base; length++)
		if (__builtin_mul_overflow(*value, base, value) ||
		    __builtin_add_overflow(*value, digit, value))
			*fits = false;
	return length;
}

int kstrtoull(const char *text, unsigned int base, unsigned long long *result)
{
	unsigned long long value;
	size_t length;
	bool fits;

	text += *text == '+';
	base = take_prefix(&text, base);
	length = take_digits(text, base, &value, &fits);
	if (length == 0)
		return -EINVAL;
	if (!fits)
		return -ERANGE;
	text += length;
	text += *text == '\n';
	if (*text)
		return -EINVAL;
	*result = value;
	return 0;
}

int kstrtoll(const char *text, unsigned int base, long long *result)
{
	unsigned long long value;
	bool negative = text[0] == '-';
	int code;

	if (negative && text[1] == '+')
		return -EINVAL;
	code = kstrtoull(text + negative, base, &value);
	if (code)
		return code;
	if (value > (unsigned long long)LLONG_MAX + negative)
		return -ERANGE;
	*result = negative ? (long long)(0 - value) : (long long)value;
	return 0;
}

#define KSTRTO(name, type, wide, from)                                                             \
	int name(const char *text, unsigned int base, type *result)                                \
	{                                                                                          \
		wide value;                                                                        \
		int code = from(text, base, &value);                                               \
                                                                                                   \
		if (code)                                                                          \
			return code;                                                               \
		if ((type)value != value)                                                          \
			return -ERANGE;                                                            \
		*result = (type)value;                                                             \
		return 0;                                                                          \
	}
KSTRTO(kstrtoul, unsigned long, unsigned long long, kstrtoull)
KSTRTO(kstrtouint, unsigned int, unsigned long long, kstrtoull)
KSTRTO(kstrtou16, u16, unsigned long long, kstrtoull)
KSTRTO(kstrtou8, u8, unsigned long long, kstrtoull)
KSTRTO(kstrtol, long, long long, kstrtoll)
KSTRTO(kstrtos16, s16, long long, kstrtoll)
KSTRTO(kstrtos8, s8, long long, kstrtoll)
KSTRTO(kstrtoint, int, long long, kstrtoll)

int kstrtobool(const char *text, bool *result)
{
	if (!text)
		return -EINVAL;
	if (strchr("yY1", text[0]) && text[0])
		*result = true;
	else if (strchr("nN0", text[0]) && text[0])
		*result = false;
	else if ((text[0] == 'o' || text[0] == 'O') && (text[1] == 'n' || text[1] == 'N'))
		*result = true;
	else if ((text[0] == 'o' || text[0] == 'O') && (text[1] == 'f' || text[1] == 'F'))
		*result = false;
	else
		return -EINVAL;
	return 0;
}

unsigned long long simple_strtoull(const char *text, char **end, unsigned int base)
{
	unsigned long long value;
	bool fits;

	base = take_prefix(&text, base);
	text += take_digits(text, base, &value, &fits);
	if (end)
		*end = (char *)text;
	return value;
}

unsigned long simple_strtoul(const char *text, char **end, unsigned int base)
{
	return simple_strtoull(text, end, base);
}

long simple_strtol(const char *text, char **end, unsigned int base)
{
	if (*text == '-')
		return (long)(0 - simple_strtoull(text + 1, end, base));
	return (long)simple_strtoull(text, end, base);
}
