// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a program's kernel code registers when it is linked: parameters of modules and functions
 * that a kernel calls at boot, each found through a section of pointers.
 */
#include <errno.h>
#include <string.h>

#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>

extern struct rig_param *const __start_rig_params[] __attribute__((weak));
extern struct rig_param *const __stop_rig_params[] __attribute__((weak));
extern const struct rig_initcall *const __start_rig_initcalls[] __attribute__((weak));
extern const struct rig_initcall *const __stop_rig_initcalls[] __attribute__((weak));

#define LAST_LEVEL 7

int rig_do_initcalls(void)
{
	int first_error = 0;

	for (int level = 0; level <= LAST_LEVEL; level++)
		for (const struct rig_initcall *const *at = __start_rig_initcalls;
		     at < __stop_rig_initcalls; at++) {
			int code = (*at)->level == level ? (*at)->function() : 0;

			first_error = first_error ? first_error : code;
		}
	return first_error;
}

/* A number within bounds of its type. */
static int set_signed(void *to, const char *text, long long low, long long high, size_t size)
{
	long long value;
	int code = kstrtoll(text, 0, &value);

	if (code)
		return code;
	if (value < low || value > high)
		return -ERANGE;
	memcpy(to, &value, size);
	return 0;
}

static int set_unsigned(void *to, const char *text, unsigned long long high, size_t size)
{
	unsigned long long value;
	int code = kstrtoull(text, 0, &value);

	if (code)
		return code;
	if (value > high)
		return -ERANGE;
	memcpy(to, &value, size);
	return 0;
}

static int set_parameter(const struct rig_param *param, const char *text)
{
	if (!text)
		text = param->type == RIG_PARAM_bool ? "1" : "";
	switch (param->type) {
	case RIG_PARAM_bool:
		return kstrtobool(text, param->value);
	case RIG_PARAM_int:
		return set_signed(param->value, text, INT_MIN, INT_MAX, sizeof(int));
	case RIG_PARAM_short:
		return set_signed(param->value, text, SHRT_MIN, SHRT_MAX, sizeof(short));
	case RIG_PARAM_long:
		return set_signed(param->value, text, LONG_MIN, LONG_MAX, sizeof(long));
	case RIG_PARAM_uint:
		return set_unsigned(param->value, text, UINT_MAX, sizeof(unsigned int));
	case RIG_PARAM_ushort:
		return set_unsigned(param->value, text, USHRT_MAX, sizeof(unsigned short));
	case RIG_PARAM_byte:
		return set_unsigned(param->value, text, UCHAR_MAX, 1);
	case RIG_PARAM_ulong:
	case RIG_PARAM_ullong:
		return set_unsigned(param->value, text, ULLONG_MAX, sizeof(unsigned long long));
	case RIG_PARAM_charp:
		*(const char **)param->value = text;
		return 0;
	}
	return -EINVAL;
}

int rig_module_parameter(const char *text)
{
	size_t length = strcspn(text, "=");

	for (struct rig_param *const *at = __start_rig_params; at < __stop_rig_params; at++)
		if (strlen((*at)->name) == length && strncmp((*at)->name, text, length) == 0)
			return set_parameter(*at, text[length] ? text + length + 1 : NULL);
	return -ENOENT;
}
