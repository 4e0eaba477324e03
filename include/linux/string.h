/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's string functions are the C library's. */
#ifndef _LINUX_STRING_H_RIG
#define _LINUX_STRING_H_RIG

#include <linux/errno.h>
#include <linux/err.h>
#include <linux/stddef.h>
#include <linux/types.h>
#include <string.h>
#include <strings.h>

/* Clears memory in a way that the compiler may not leave out. */
static inline void memzero_explicit(void *start, size_t bytes)
{
	explicit_bzero(start, bytes);
}

/*
 * Copies made of kmalloc memory, freed with kfree: NULL when there is none (or the source is NULL).
 * kstrndup and kmemdup_nul look at @max bytes at most and end the copy with 0.
 */
char *kstrdup(const char *text, gfp_t gfp) __attribute__((malloc));
char *kstrndup(const char *text, size_t max, gfp_t gfp);
void *kmemdup(const void *source, size_t size, gfp_t gfp);
char *kmemdup_nul(const char *text, size_t size, gfp_t gfp);
/* The text itself where it is constant: free with kfree_const. */
const char *kstrdup_const(const char *text, gfp_t gfp);
void kfree_const(const void *text);
/* ERR_PTR(-ENOMEM), ERR_PTR(-EFAULT). */
void *memdup_user(const void __user *source, size_t size);
void *vmemdup_user(const void __user *source, size_t size);
char *strndup_user(const char __user *text, long max);
char *kstrdup_quotable(const char *text, gfp_t gfp);

/* The whole text or -E2BIG with as much as fits; always ended. */
ssize_t strscpy(char *to, const char *from, size_t size);
ssize_t strscpy_pad(char *to, const char *from, size_t size);
/* Returns the source's length, as BSD's. */
size_t strlcpy(char *to, const char *from, size_t size);

/* The first @c among @n characters of text; NULL: none. */
char *strnchr(const char *text, size_t n, int c);
/* Two arrays of pointers that end with NULL, one behind the other, in kmalloc memory. */
void **__memcat_p(void **one, void **two);
#define memcat_p(one, two) ((__typeof__(*(one)) *)__memcat_p((void **)(one), (void **)(two)))

/* The first byte that is not @c; NULL: all are. */
void *memchr_inv(const void *start, int c, size_t size);
char *strim(char *text);
char *skip_spaces(const char *text);
char *strreplace(char *text, char old, char new);
/* Equal but for one newline at the end? */
bool sysfs_streq(const char *one, const char *two);
/* The index of @text, or -EINVAL. @n: entries, or fewer with a NULL at the end. */
int match_string(const char *const *array, size_t n, const char *text);
int __sysfs_match_string(const char *const *array, size_t n, const char *text);
#define sysfs_match_string(array, text) __sysfs_match_string(array, ARRAY_SIZE(array), text)
const char *kbasename(const char *path);

/* The prefix's length, or 0. */
static inline size_t str_has_prefix(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(text, prefix, length) == 0 ? length : 0;
}

static inline bool strstarts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

#define RIG_MEMSET(bits)                                                                           \
	static inline void *memset##bits(u##bits *to, u##bits value, size_t count)                 \
	{                                                                                          \
		for (size_t i = 0; i < count; i++)                                                 \
			to[i] = value;                                                             \
		return to;                                                                         \
	}
RIG_MEMSET(16)
RIG_MEMSET(32)
RIG_MEMSET(64)
#undef RIG_MEMSET

#define unsafe_memcpy(to, from, size, why) memcpy(to, from, size)
#define memcpy_and_pad(to, to_size, from, size, pad)                                               \
	do {                                                                                       \
		memset((to), (pad), (to_size));                                                    \
		memcpy((to), (from), (size) < (to_size) ? (size) : (to_size));                     \
	} while (0)
#define memset_after(object, value, member)                                                        \
	memset((char *)(object) + offsetofend(__typeof__(*(object)), member), (value),             \
	       sizeof(*(object)) - offsetofend(__typeof__(*(object)), member))
#define memset_startat(object, value, member)                                                      \
	memset((char *)(object) + offsetof(__typeof__(*(object)), member), (value),                \
	       sizeof(*(object)) - offsetof(__typeof__(*(object)), member))
#define strtomem_pad(to, from, pad) memcpy_and_pad(to, sizeof(to), from, strlen(from), pad)

#endif
