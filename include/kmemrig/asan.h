/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AddressSanitizer's view of simulated memory: memory that no one owns is poisoned, so that code
 * under test which touches it is stopped at once. Without the sanitizer all of this is nothing.
 *
 * Who poisons what: a slab backend poisons a slab's memory when the slab is made and unpoisons it
 * when the pages go back; the front end unpoisons the bytes that a caller asked for when an object
 * is handed out, and poisons the object again when it is freed.
 *
 * An allocator may keep its own lists inside free objects. The functions that touch those are
 * marked RIG_NO_ASAN; they may not call memset and the like on such memory, which the sanitizer
 * intercepts, and the compiler may not put them into others (they are never inlined under ASan).
 */
#ifndef KMEMRIG_ASAN_H
#define KMEMRIG_ASAN_H

#include <linux/compiler.h>
#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RIG_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(RIG_ASAN)
#define RIG_ASAN 1
#endif

#ifdef RIG_ASAN
#include <sanitizer/asan_interface.h>
#define RIG_NO_ASAN __attribute__((no_sanitize("address"), __noinline__))
#else
#define RIG_ASAN 0
#define RIG_NO_ASAN
#endif

/*
 * A word inside a free object, which no one else may look at; where CPUs are threads, one that
 * loses its race with another CPU reads a word that it throws away.
 */
#if RIG_ASAN || defined(__SANITIZE_THREAD__)
#define RIG_RAW static __maybe_unused noinline __attribute__((no_sanitize("address", "thread")))
#else
#define RIG_RAW static __always_inline
#endif

RIG_RAW void *rig_read_raw(const void *address)
{
	return *(void *const *)address;
}

RIG_RAW void rig_write_raw(void *address, void *word)
{
	*(void **)address = word;
}

/* [@start, @start + @size) belongs to no one. @start is a multiple of 8 bytes. */
static inline void rig_asan_poison(const void *start, size_t size)
{
#if RIG_ASAN
	__asan_poison_memory_region(start, size);
#else
	(void)start;
	(void)size;
#endif
}

/* [@start, @start + @size) has an owner now. */
static inline void rig_asan_unpoison(const void *start, size_t size)
{
#if RIG_ASAN
	__asan_unpoison_memory_region(start, size);
#else
	(void)start;
	(void)size;
#endif
}

#endif
