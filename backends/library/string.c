// SPDX-License-Identifier: GPL-2.0-only
/* Strings in the kernel's manner, and copies of them in kmalloc memory: linux/string.h. */
#include <asm/sections.h>
#include <ctype.h>

#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

static void *copy_of(const void *source, size_t size, gfp_t gfp, unsigned long caller)
{
	void *copy = __kmalloc_node_track_caller(size, gfp, NUMA_NO_NODE, caller);

	return copy ? memcpy(copy, source, size) : NULL;
}

static char *text_copy(const char *text, size_t length, gfp_t gfp, unsigned long caller)
{
	char *copy = __kmalloc_node_track_caller(length + 1, gfp, NUMA_NO_NODE, caller);

	if (!copy)
		return NULL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

char *kstrdup(const char *text, gfp_t gfp)
{
	return text ? text_copy(text, strlen(text), gfp, _RET_IP_) : NULL;
}

char *kstrndup(const char *text, size_t max, gfp_t gfp)
{
	return text ? text_copy(text, strnlen(text, max), gfp, _RET_IP_) : NULL;
}

void *kmemdup(const void *source, size_t size, gfp_t gfp)
{
	return copy_of(source, size, gfp, _RET_IP_);
}

char *kmemdup_nul(const char *text, size_t size, gfp_t gfp)
{
	return text ? text_copy(text, size, gfp, _RET_IP_) : NULL;
}

const char *kstrdup_const(const char *text, gfp_t gfp)
{
	if (is_kernel_rodata((unsigned long)text))
		return text;
	return text ? text_copy(text, strlen(text), gfp, _RET_IP_) : NULL;
}

void kfree_const(const void *text)
{
	if (!is_kernel_rodata((unsigned long)text))
		kfree(text);
}

void *memdup_user(const void __user *source, size_t size)
{
	void *copy =
		__kmalloc_node_track_caller(size, GFP_USER | __GFP_NOWARN, NUMA_NO_NODE, _RET_IP_);

	if (!copy)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(copy, source, size)) {
		kfree(copy);
		return ERR_PTR(-EFAULT);
	}
	return copy;
}

void *vmemdup_user(const void __user *source, size_t size)
{
	void *copy = kvmalloc(size, GFP_USER);

	if (!copy)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(copy, source, size)) {
		kvfree(copy);
		return ERR_PTR(-EFAULT);
	}
	return copy;
}

char *strndup_user(const char __user *text, long max)
{
	size_t length;
	char *copy;

	if (!access_ok(text, 1))
		return ERR_PTR(-EFAULT);
	length = strnlen((__force const char *)text, (size_t)max);
	if (length == (size_t)max)
		return ERR_PTR(-EINVAL);
	copy = text_copy((__force const char *)text, length, GFP_USER, _RET_IP_);
	return copy ? copy : ERR_PTR(-ENOMEM);
}

ssize_t strscpy(char *to, const char *from, size_t size)
{
	size_t length;

	if (size == 0 || size > INT_MAX)
		return -E2BIG;
	length = strnlen(from, size);
	if (length == size) {
		memcpy(to, from, size - 1);
		to[size - 1] = '\0';
		return -E2BIG;
	}
	memcpy(to, from, length + 1);
	return (ssize_t)length;
}

ssize_t strscpy_pad(char *to, const char *from, size_t size)
{
	ssize_t length = strscpy(to, from, size);

	if (length >= 0)
		memset(to + length, 0, size - (size_t)length);
	return length;
}

size_t strlcpy(char *to, const char *from, size_t size)
{
	size_t length = strlen(from);

	if (size) {
		size_t copied = min(length, size - 1);

		memcpy(to, from, copied);
		to[copied] = '\0';
	}
	return length;
}

void *memchr_inv(const void *start, int c, size_t size)
{
	for (const u8 *at = start; size--; at++)
		if (*at != (u8)c)
			return (void *)at;
	return NULL;
}

char *strnchr(const char *text, size_t n, int c)
{
	for (; n--; text++) {
		if (*text == (char)c)
			return (char *)text;
		if (!*text)
			break;
	}
	return NULL;
}

static size_t count_pointers(void **array)
{
	size_t n = 0;

	while (array[n])
		n++;
	return n;
}

void **__memcat_p(void **one, void **two)
{
	size_t first = count_pointers(one), second = count_pointers(two);
	void **both = kmalloc_array(first + second + 1, sizeof(*both), GFP_KERNEL);

	if (!both)
		return NULL;
	memcpy(both, one, first * sizeof(*both));
	memcpy(both + first, two, (second + 1) * sizeof(*both));
	return both;
}

char *skip_spaces(const char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	return (char *)text;
}

char *strim(char *text)
{
	size_t length = strlen(text);

	while (length && isspace((unsigned char)text[length - 1]))
		length--;
	text[length] = '\0';
	return skip_spaces(text);
}

char *strreplace(char *text, char old, char new)
{
	for (; *text; text++)
		if (*text == old)
			*text = new;
	return text;
}

bool sysfs_streq(const char *one, const char *two)
{
	while (*one && *one == *two) {
		one++;
		two++;
	}
	if (*one == *two)
		return true;
	return (!*one && two[0] == '\n' && !two[1]) || (!*two && one[0] == '\n' && !one[1]);
}

int match_string(const char *const *array, size_t n, const char *text)
{
	for (size_t i = 0; i < n && array[i]; i++)
		if (strcmp(array[i], text) == 0)
			return (int)i;
	return -EINVAL;
}

int __sysfs_match_string(const char *const *array, size_t n, const char *text)
{
	for (size_t i = 0; i < n && array[i]; i++)
		if (sysfs_streq(array[i], text))
			return (int)i;
	return -EINVAL;
}

const char *kbasename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
