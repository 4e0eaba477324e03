// SPDX-License-Identifier: GPL-2.0-only
/*
 * Host windows: pieces of one fixed range of the host's addresses, handed out first fit.
 *
 * The range is fixed so that a run repeats to the byte; where it lies is dictated by the
 * sanitizers. AddressSanitizer on x86-64 leaves 0x10007fff8000 and above to programs, of which
 * position independent ones and the libraries sit from 0x550000000000 on: between them there is
 * room for a 64 TiB direct map, its memory map and more. ThreadSanitizer leaves little: its low
 * application range ends at 0x8000000000, so machines are small under it.
 *
 *	0x110000000000                                  0x550000000000   (plain, ASan)
 *	|  machine 1: direct map | memory map | vmalloc |  machine 2 ...  |
 *
 * The list of windows in use is the one thing that machines share in a process; a mutex guards it.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <kmemrig/asan.h>
#include <linux/kernel.h>

#include <kmemrig/window.h>

#if defined(__SANITIZE_THREAD__)
#define ARENA_START 0x1000000000UL
#define ARENA_END 0x8000000000UL
#else
#define ARENA_START 0x110000000000UL
#define ARENA_END 0x550000000000UL
#endif

#define WINDOW_ALIGN (2UL << 20) /* room for the host's huge pages */

struct window {
	unsigned long start, end;
	struct window *next; /* ascending */
};

static pthread_mutex_t windows_lock = PTHREAD_MUTEX_INITIALIZER;
static struct window *windows;

static void *reserve_locked(unsigned long size)
{
	struct window **link = &windows;
	unsigned long start = ARENA_START;
	struct window *window;

	while (*link && (*link)->start - start < size) {
		start = (*link)->end;
		link = &(*link)->next;
	}
	if (size > ARENA_END - start) {
		errno = ENOMEM;
		return NULL;
	}
	window = malloc(sizeof(*window));
	if (!window)
		return NULL;
	if (mmap((void *)start, size, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1,
		 0) != (void *)start) {
		free(window);
		return NULL;
	}
	window->start = start;
	window->end = start + size;
	window->next = *link;
	*link = window;
	return (void *)start;
}

void *rig_window_reserve(u64 size)
{
	void *window;

	pthread_mutex_lock(&windows_lock);
	window = reserve_locked(ALIGN(size, WINDOW_ALIGN));
	pthread_mutex_unlock(&windows_lock);
	return window;
}

/*
 * The next window here must not inherit what this one's slabs poisoned. The sanitizer's shadow is
 * dropped, not written: that of a large window would fill the host.
 */
static void forget_poison(void *start, u64 size)
{
#if RIG_ASAN
	size_t scale, offset;

	__asan_get_shadow_mapping(&scale, &offset);
	madvise((void *)(((unsigned long)start >> scale) + offset), size >> scale, MADV_DONTNEED);
#else
	(void)start;
	(void)size;
#endif
}

void rig_window_release(void *start, u64 size)
{
	struct window **link = &windows;
	struct window *window;

	if (!start)
		return;
	forget_poison(start, ALIGN(size, WINDOW_ALIGN));
	munmap(start, ALIGN(size, WINDOW_ALIGN));
	pthread_mutex_lock(&windows_lock);
	while (*link && (*link)->start != (unsigned long)start)
		link = &(*link)->next;
	window = *link;
	if (window)
		*link = window->next;
	pthread_mutex_unlock(&windows_lock);
	free(window);
}
