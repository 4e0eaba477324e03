// SPDX-License-Identifier: GPL-2.0-only
/*
 * Call stacks for events. LTTng's context for them is the kernel's only, and addresses alone help
 * nobody once the process has ended: they move from run to run. So the functions are named here, at
 * each address's first use; a table keeps the names.
 *
 * Locking: one mutex around table and names; call stacks are slow anyway. It is held across a fork,
 * so that a child finds it free.
 */
#include <dlfcn.h>
#include <execinfo.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "callstack.h"

#define SYMBOLS "kmemrig-lttng-symbols.so"
#define MAX_FRAMES 64
#define MAX_OWN_FRAMES 8 /* at the top; with what a sanitizer puts before backtrace() */
#define TABLE_SIZE 8192	 /* a power of two */

struct known_address {
	unsigned long address; /* 0: free */
	char *function;
	char *line;
};

static void (*name_symbol)(unsigned long address, char *function, size_t function_size, char *line,
			   size_t line_size);
static struct known_address table[TABLE_SIZE];
static size_t nr_known;
static void *own_module;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void take_lock(void)
{
	pthread_mutex_lock(&lock);
}

static void release_lock(void)
{
	pthread_mutex_unlock(&lock);
}

bool rig_callstack_start(char *error, size_t error_size)
{
	char path[PATH_MAX];
	void *symbols, *frame;
	Dl_info own;

	/* beside this object; the program need not export anything to us */
	if (!dladdr((void *)rig_callstack_start, &own))
		return false;
	snprintf(path, sizeof(path), "%.*s" SYMBOLS,
		 (int)(strrchr(own.dli_fname, '/') - own.dli_fname) + 1, own.dli_fname);
	symbols = dlopen(path, RTLD_NOW | RTLD_NODELETE);
	if (!symbols) {
		snprintf(error, error_size, "%s", dlerror());
		return false;
	}
	*(void **)&name_symbol = dlsym(symbols, "kmemrig_symbol");
	if (!name_symbol) {
		snprintf(error, error_size, "%s: not of this build", path);
		return false;
	}
	own_module = own.dli_fbase;
	/* the first call loads the unwinder: not when somebody holds locks */
	backtrace(&frame, 1);
	pthread_atfork(take_lock, release_lock, release_lock);
	return true;
}

/* The instruction that called, not the one it returns to: that may be another function's. */
static struct known_address *look_up(void *return_address)
{
	static struct known_address overflow;
	unsigned long address = (unsigned long)return_address - 1;
	size_t slot = (address * 0x9e3779b97f4a7c15UL) >> 51;
	struct known_address *known = &table[slot % TABLE_SIZE];
	char function[256], line[256];

	while (known->address && known->address != address)
		known = &table[++slot % TABLE_SIZE];
	if (known->address)
		return known;
	if (nr_known == TABLE_SIZE / 2) {
		known = &overflow;
		free(known->function);
		free(known->line);
	} else {
		nr_known++;
	}
	name_symbol(address, function, sizeof(function), line, sizeof(line));
	known->address = address;
	known->function = strdup(function);
	known->line = strdup(line);
	return known;
}

/* Puts @name before what @text holds from @at on; false: no room. */
static bool put_before(char *text, size_t *at, const char *name)
{
	size_t length = strlen(name) + (text[*at] ? 1 : 0);

	if (length > *at)
		return false;
	if (text[*at])
		text[*at - 1] = ';';
	*at -= length;
	memcpy(text + *at, name, strlen(name));
	return true;
}

static bool is_own(void *address)
{
	Dl_info info;

	return dladdr(address, &info) && info.dli_fbase == own_module;
}

void rig_callstack_take(struct rig_callstack *stack)
{
	void *frames[MAX_FRAMES];
	int nr = backtrace(frames, MAX_FRAMES);
	size_t functions_at = sizeof(stack->functions) - 1, lines_at = sizeof(stack->lines) - 1;
	int i = 0;

	stack->functions[functions_at] = '\0';
	stack->lines[lines_at] = '\0';
	take_lock();
	for (int top = 0; top < nr && top < MAX_OWN_FRAMES; top++)
		if (is_own(frames[top]))
			i = top + 1;
	for (; i < nr; i++) {
		const struct known_address *known = look_up(frames[i]);

		if (!known->function || !known->line)
			break;
		if (strcmp(known->function, "rig_event_emit") == 0)
			continue;
		if (!put_before(stack->functions, &functions_at, known->function) ||
		    !put_before(stack->lines, &lines_at, known->line) ||
		    strcmp(known->function, "main") == 0)
			break;
	}
	release_lock();
	memmove(stack->functions, stack->functions + functions_at,
		sizeof(stack->functions) - functions_at);
	memmove(stack->lines, stack->lines + lines_at, sizeof(stack->lines) - lines_at);
}
