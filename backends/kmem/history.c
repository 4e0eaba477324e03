// SPDX-License-Identifier: GPL-2.0-only
/*
 * Histories of objects, for AddressSanitizer's reports: the sanitizer sees that memory was touched
 * which no one owns, but not whose it was. A record a place says who allocated and who freed the
 * object there last; a sparse index (one number for 8 bytes of memory) leads from places to
 * records. When the sanitizer has printed a report, its address is looked up in every machine's
 * index and the nearest object's stacks are added.
 *
 * Locking: a record belongs to who allocates or frees the object at the time; the number of records
 * is atomic; the list of histories, which the report goes through, has a mutex.
 */
#include "history.h"

#if RIG_ASAN

#include <pthread.h>
#include <sanitizer/common_interface_defs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <linux/kernel.h>
#include <linux/types.h>

#define MAX_FRAMES 12
#define MAX_RECORDS (1U << 23)
#define SEARCH_WORDS 4096 /* back from an address for an object that starts before it: 32 KiB */
#define UNDERRUN_WORDS 16 /* ahead, for one that starts behind it */

struct stack {
	void *frames[MAX_FRAMES];
	unsigned int nr;
	int cpu;
};

struct record {
	const u8 *start;
	size_t size;
	char cache[32];
	struct stack allocated, freed; /* freed.nr is 0 while the object is in use */
};

struct kmem_history {
	const u8 *base;
	size_t words;
	u32 *index; /* by word from base; 0: no object ever started there */
	struct record *records;
	u32 nr_records;
	struct kmem_history *next;
};

static pthread_mutex_t histories_lock = PTHREAD_MUTEX_INITIALIZER;
static struct kmem_history *histories;

/* Where this thread's stack ends; frame pointers above it are not followed. */
static unsigned long stack_end(void)
{
	static __thread unsigned long end;
	pthread_attr_t attributes;
	size_t size = 0;
	void *low = NULL;

	if (!end && pthread_getattr_np(pthread_self(), &attributes) == 0) {
		pthread_attr_getstack(&attributes, &low, &size);
		pthread_attr_destroy(&attributes);
		end = (unsigned long)low + size;
	}
	return end;
}

/* By frame pointers, which these builds keep; the first frames are this file's. */
static __attribute__((no_sanitize("address", "undefined"), __noinline__)) void
take_stack(struct stack *stack, int cpu)
{
	unsigned long *frame = __builtin_frame_address(0), end = stack_end();
	unsigned int nr = 0, skip = 1;

	while (nr < MAX_FRAMES && (unsigned long)(frame + 2) <= end && frame[1]) {
		unsigned long *next = (unsigned long *)frame[0];

		if (skip)
			skip--;
		else
			stack->frames[nr++] = (void *)frame[1];
		if (next <= frame || (unsigned long)next % sizeof(long))
			break;
		frame = next;
	}
	stack->nr = nr;
	stack->cpu = cpu;
}

static void print_stack(const struct stack *stack, const char *what)
{
	fprintf(stderr, "%s by CPU %d here:\n", what, stack->cpu);
	for (unsigned int i = 0; i < stack->nr; i++) {
		char text[600] = "";

		/* the call, not what comes after it */
		__sanitizer_symbolize_pc((u8 *)stack->frames[i] - 1, "%p %F %L", text,
					 sizeof(text));
		fprintf(stderr, "    #%u %s\n", i, text);
	}
	fputc('\n', stderr);
}

/* The record nearest to an address: before it, or a little behind it. NULL: none. */
static const struct record *nearest(const struct kmem_history *history, const u8 *address)
{
	size_t at = (size_t)(address - history->base) >> 3,
	       first = at - min(at, (size_t)SEARCH_WORDS);

	for (size_t word = at + 1; word-- > first;) {
		const struct record *record = &history->records[history->index[word]];

		if (!history->index[word])
			continue;
		/* the object before it may end far away */
		if (address < record->start + ALIGN(record->size, 8UL) + 64)
			return record;
		break;
	}
	for (size_t word = at; word < min(at + UNDERRUN_WORDS, history->words); word++)
		if (history->index[word])
			return &history->records[history->index[word]];
	return NULL;
}

static void describe(const struct record *record, const u8 *address)
{
	const u8 *end = record->start + record->size;

	if (address < record->start)
		fprintf(stderr, "\n%p is %zu bytes before", (const void *)address,
			(size_t)(record->start - address));
	else if (address >= end)
		fprintf(stderr, "\n%p is %zu bytes behind", (const void *)address,
			(size_t)(address - end));
	else
		fprintf(stderr, "\n%p is %zu bytes inside of", (const void *)address,
			(size_t)(address - record->start));
	fprintf(stderr, " the %zu-byte object [%p,%p) of %s\n", record->size,
		(const void *)record->start, (const void *)end, record->cache);
	if (record->freed.nr)
		print_stack(&record->freed, "freed");
	print_stack(&record->allocated, record->freed.nr ? "previously allocated" : "allocated");
}

/* The sanitizer has printed its report: what is known of the address comes after it. */
static void add_to_report(const char *text)
{
	const u8 *address = __asan_get_report_address();

	if (!__asan_report_present())
		return;
	pthread_mutex_lock(&histories_lock);
	for (const struct kmem_history *history = histories; history; history = history->next) {
		const struct record *record;

		if (address < history->base ||
		    (size_t)(address - history->base) >> 3 >= history->words)
			continue;
		record = nearest(history, address);
		if (record)
			describe(record, address);
	}
	pthread_mutex_unlock(&histories_lock);
}

struct kmem_history *kmem_history_create(const struct rig_machine *machine)
{
	struct kmem_history *history = calloc(1, sizeof(*history));
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

	/* the sanitizer knows the host's own objects by itself */
	if (!history || !machine->object_base) {
		free(history);
		return NULL;
	}
	history->base = machine->object_base;
	history->words = machine->object_limit;
	history->index =
		mmap(NULL, history->words * sizeof(u32), PROT_READ | PROT_WRITE, flags, -1, 0);
	history->records = mmap(NULL, MAX_RECORDS * sizeof(struct record), PROT_READ | PROT_WRITE,
				flags, -1, 0);
	if (history->index == MAP_FAILED || history->records == MAP_FAILED) {
		if (history->index != MAP_FAILED)
			munmap(history->index, history->words * sizeof(u32));
		free(history);
		return NULL;
	}
	pthread_mutex_lock(&histories_lock);
	history->next = histories;
	histories = history;
	__asan_set_error_report_callback(add_to_report);
	pthread_mutex_unlock(&histories_lock);
	return history;
}

void kmem_history_destroy(struct kmem_history *history)
{
	struct kmem_history **link = &histories;

	if (!history)
		return;
	pthread_mutex_lock(&histories_lock);
	while (*link != history)
		link = &(*link)->next;
	*link = history->next;
	pthread_mutex_unlock(&histories_lock);
	munmap(history->index, history->words * sizeof(u32));
	munmap(history->records, MAX_RECORDS * sizeof(struct record));
	free(history);
}

void kmem_history_alloc(struct kmem_history *history, int cpu, const char *cache,
			const void *object, size_t size)
{
	struct record *record;
	u32 *place;

	if (!history)
		return;
	place = &history->index[(size_t)((const u8 *)object - history->base) >> 3];
	if (!*place) {
		u32 number = __atomic_add_fetch(&history->nr_records, 1, __ATOMIC_RELAXED);

		if (number >= MAX_RECORDS)
			return;
		*place = number;
	}
	record = &history->records[*place];
	record->start = object;
	record->size = size;
	snprintf(record->cache, sizeof(record->cache), "%s", cache ? cache : "kmalloc");
	record->freed.nr = 0;
	take_stack(&record->allocated, cpu);
}

void kmem_history_free(struct kmem_history *history, int cpu, const void *object)
{
	u32 number;

	if (!history)
		return;
	number = history->index[(size_t)((const u8 *)object - history->base) >> 3];
	if (number)
		take_stack(&history->records[number].freed, cpu);
}

#endif
