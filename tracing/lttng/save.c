// SPDX-License-Identifier: GPL-2.0-only
/*
 * A failed check saves the flight recorder before the machine goes on, since a machine that only
 * counts failures would overwrite what led to it; so does, by choice, a failed allocation. The
 * lttng tool asks the session's daemon, whose environment is ours. Runs under whatever locks the
 * failing code holds. A process saves so many times at most (KMEMRIG_TRACE_SNAPSHOT_MAX).
 *
 * Which allocations count: those for which a kernel logs "page allocation failure", that is without
 * __GFP_NOWARN; and objects that could not be had, unless that follows from the pages just saved.
 *
 * Locking: none; the threads share the count of what is left.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/gfp_types.h>

#include "save.h"

#define DEFAULT_MAX 8

static char *session;
static bool with_allocations;
static long left;
static __thread bool pages_just_failed;

bool rig_lttng_save_wanted(void)
{
	const char *max = getenv("KMEMRIG_TRACE_SNAPSHOT_MAX");

	session = getenv("KMEMRIG_TRACE_SNAPSHOT");
	with_allocations = getenv("KMEMRIG_TRACE_SNAPSHOT_FAILURES") != NULL;
	left = max ? strtol(max, NULL, 10) : DEFAULT_MAX;
	return session && *session;
}

static void save(struct rig_trace_state *state, char *name)
{
	char *argv[] = { "lttng", "--no-sessiond", "snapshot", "record", "--session",
			 session, "--name",	   name,       NULL };
	posix_spawn_file_actions_t actions;
	int status = -1, error;
	pid_t pid;

	if (__atomic_fetch_sub(&left, 1, __ATOMIC_RELAXED) <= 0)
		return;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	error = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (!error) {
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	if (error || status)
		fprintf(stderr, "kmemrig: trace: snapshot %s could not be saved\n", name);
	else if (state)
		__atomic_fetch_add(&state->nr_saved, 1, __ATOMIC_RELAXED);
}

void rig_lttng_save_failure(struct rig_trace_state *state, const struct rig_event *event)
{
	bool because_of_pages = pages_just_failed;
	bool failed = false;

	pages_just_failed = false;
	switch (event->id) {
	case RIG_EVENT_check_failed:
		save(state, "check-failed");
		return;
	case RIG_EVENT_mm_page_alloc:
		failed = event->mm_page_alloc.pfn == ~0ULL &&
			 !(event->mm_page_alloc.gfp_flags & __GFP_NOWARN);
		pages_just_failed = failed;
		break;
	case RIG_EVENT_kmalloc:
		failed = !event->kmalloc.ptr && !because_of_pages;
		break;
	case RIG_EVENT_kmem_cache_alloc:
		failed = !event->kmem_cache_alloc.ptr && !because_of_pages;
		break;
	default:
		break;
	}
	if (failed && with_allocations)
		save(state, "allocation-failed");
}
