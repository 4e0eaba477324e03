// SPDX-License-Identifier: GPL-2.0-only
/*
 * The session's side of what its processes share (kmemrig/trace_state.h), and the clock plug-in,
 * which makes the machine's clock the trace's. The plug-in is also preloaded into the session
 * daemon, for the clock's offset in the metadata; the dynamic linker splits that list at blanks and
 * colons, so the daemon gets it by a link in the session's own folder.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <kmemrig/lttng.h>
#include <kmemrig/trace_state.h>

#include "private.h"

int rig_state_make(struct rig_session *session, char *error, size_t error_size)
{
	char path[96];
	void *map;
	int fd;

	snprintf(path, sizeof(path), "%s/state", session->home);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	map = fd < 0 || ftruncate(fd, sizeof(struct rig_trace_state))
		      ? MAP_FAILED
		      : mmap(NULL, sizeof(struct rig_trace_state), PROT_READ | PROT_WRITE,
			     MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		snprintf(error, error_size, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	if (map == MAP_FAILED)
		return -EIO;
	session->state = map;
	rig_session_setenv(session, RIG_TRACE_STATE_FILE, path);
	return 0;
}

void rig_state_drop(struct rig_session *session)
{
	if (session->state)
		munmap(session->state, sizeof(struct rig_trace_state));
	session->state = NULL;
}

int rig_clock_make(struct rig_session *session, char *error, size_t error_size)
{
	char found[PATH_MAX], plugin[PATH_MAX], link[96];

	snprintf(link, sizeof(link), "%s/clock.so", session->home);
	if (rig_lttng_find(RIG_TRACE_CLOCK_PLUGIN, found, sizeof(found)) ||
	    !realpath(found, plugin) || symlink(plugin, link)) {
		snprintf(error, error_size, RIG_TRACE_CLOCK_PLUGIN ": not found");
		return -ENOENT;
	}
	rig_session_setenv(session, "LTTNG_UST_CLOCK_PLUGIN", plugin);
	return 0;
}

void rig_clock_preload(const struct rig_session *session)
{
	const char *others = getenv("LD_PRELOAD");
	char *list;

	if (session->options.machine_clock && asprintf(&list, "%s/clock.so%s%s", session->home,
						       others ? ":" : "", others ? others : "") > 0)
		setenv("LD_PRELOAD", list, 1);
}

bool rig_clock_offset_is_zero(const struct rig_session *session)
{
	return session->state->measured == 2 * session->state->answered;
}

/* A killed process that nobody has waited for yet is dead, too. */
static bool is_alive(pid_t pid)
{
	char path[32], text[256] = "";
	char *state;
	FILE *stat;

	if (kill(pid, 0) && errno == ESRCH)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	stat = fopen(path, "r");
	if (!stat)
		return errno != ENOENT;
	state = fgets(text, sizeof(text), stat) ? strrchr(text, ')') : NULL;
	fclose(stat);
	return !state || !strchr("ZX", state[2]);
}

unsigned int rig_state_writers(const struct rig_session *session)
{
	return session->state ? __atomic_load_n(&session->state->nr_writers, __ATOMIC_RELAXED) : 0;
}

bool rig_state_writer_died(const struct rig_session *session)
{
	for (size_t i = 0; i < RIG_TRACE_WRITERS; i++) {
		pid_t pid = __atomic_load_n(&session->state->writers[i].pid, __ATOMIC_RELAXED);

		if (pid && !is_alive(pid))
			return true;
	}
	return false;
}

unsigned int rig_session_saved(const struct rig_session *session)
{
	return __atomic_load_n(&session->state->nr_saved, __ATOMIC_RELAXED);
}
