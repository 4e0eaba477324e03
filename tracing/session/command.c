// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmemrig trace: a private LTTng session around a command.
 *
 * The command runs as our child in our process group, so that a terminal's interrupt reaches it;
 * we only note signals and pass on those that were sent to us alone, wait for the command, and then
 * stop the session: whatever ends the command, the trace is closed and the daemon ended. The
 * signal handlers do nothing but store a number and kill().
 */
#include <argp.h>
#include <errno.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kmemrig/command.h>
#include <kmemrig/session.h>

#define MAX_ITEMS 32

enum {
	OPTION_CLOCK = 256,
	OPTION_SNAPSHOT,
	OPTION_URL,
	OPTION_LIVE,
	OPTION_SUBBUF,
	OPTION_NUM,
	OPTION_FORKS,
	OPTION_OLD_NAMES,
	OPTION_QUIET
};

enum clock_choice { CLOCK_AUTO, CLOCK_MACHINE, CLOCK_HOST };

struct arguments {
	struct rig_session_options session;
	const char *events[MAX_ITEMS];
	const char *contexts[MAX_ITEMS];
	enum clock_choice clock;
	bool quiet;
	char **command;
};

static const struct argp_option options[] = {
	{ "output", 'o', "DIR", 0, "Where the trace goes; empty or not there yet (kmemrig-trace)",
	  0 },
	{ "event", 'e', "NAME", 0,
	  "Record these only, '*' at the end allowed; repeatable "
	  "(kmem:*, vmscan:*, compaction:* and kmemrig:*)",
	  0 },
	{ "context", 'c', "TYPE", 0,
	  "Add to each event: vpid, vtid, procname, ...; callstack puts "
	  "an event kmemrig:callstack before each; repeatable",
	  0 },
	{ "clock", OPTION_CLOCK, "machine|host", 0,
	  "Time stamps: the simulated machine's, or the "
	  "host's (machine where COMMAND is kmemrig, else host)",
	  0 },
	{ "snapshot", OPTION_SNAPSHOT, "SIZE", 0,
	  "Flight recorder: keep the last SIZE bytes (k, M, G) "
	  "per CPU in memory, save them when a check or COMMAND fails or this process gets SIGUSR1",
	  0 },
	{ "url", OPTION_URL, "URL", 0, "Stream to a relay daemon: net://HOST[:CTRL[:DATA]]", 0 },
	{ "live", OPTION_LIVE, "USEC", 0, "With --url: a live session, readable while it runs", 0 },
	{ "subbuf-size", OPTION_SUBBUF, "SIZE", 0, "Of one sub-buffer (4M)", 0 },
	{ "num-subbuf", OPTION_NUM, "N", 0, "Sub-buffers per CPU (8)", 0 },
	{ "follow-forks", OPTION_FORKS, NULL, 0,
	  "Events of forked children carry their own vpid "
	  "(preloads liblttng-ust-fork.so; not with AddressSanitizer)",
	  0 },
	{ "old-names", OPTION_OLD_NAMES, NULL, 0,
	  "Names of kernels before 6.1: mm_page_free_direct, kmem_cache_alloc_node, kmalloc_node",
	  0 },
	{ "quiet", 'q', NULL, 0, "No summary line on stderr", 0 },
	{ 0 },
};

static volatile sig_atomic_t child_pid;
static volatile sig_atomic_t snapshots_wanted;
static volatile sig_atomic_t signals_seen;

static bool parse_size(const char *text, u64 *size)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 10);

	switch (*end) {
	case 'G':
		value <<= 10;
		fallthrough;
	case 'M':
		value <<= 10;
		fallthrough;
	case 'k':
	case 'K':
		value <<= 10;
		end++;
	}
	*size = value;
	return end != text && !*end && value;
}

static void add_item(struct argp_state *state, const char **items, size_t *nr, const char *item)
{
	if (*nr == MAX_ITEMS)
		argp_error(state, "more than %d of one kind", MAX_ITEMS);
	items[(*nr)++] = item;
}

static void parse_numbers(int key, char *value, struct argp_state *state,
			  struct rig_session_options *session)
{
	u64 size;

	if (!parse_size(value, &size))
		argp_error(state, "%s: not a size", value);
	if (key == OPTION_SNAPSHOT)
		session->snapshot_bytes = size;
	else if (key == OPTION_SUBBUF)
		session->subbuf_bytes = size;
	else if (key == OPTION_NUM)
		session->nr_subbufs = (unsigned int)size;
	else
		session->live_us = (unsigned int)size;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct arguments *arguments = state->input;
	struct rig_session_options *session = &arguments->session;

	switch (key) {
	case 'o':
		session->output = value;
		break;
	case 'e':
		add_item(state, arguments->events, &session->nr_events, value);
		break;
	case 'c':
		add_item(state, arguments->contexts, &session->nr_contexts, value);
		break;
	case 'q':
		arguments->quiet = true;
		break;
	case OPTION_CLOCK:
		if (strcmp(value, "machine") != 0 && strcmp(value, "host") != 0)
			argp_error(state, "--clock is machine or host");
		arguments->clock = *value == 'm' ? CLOCK_MACHINE : CLOCK_HOST;
		break;
	case OPTION_URL:
		session->url = value;
		break;
	case OPTION_OLD_NAMES:
		session->old_names = true;
		break;
	case OPTION_FORKS:
		session->follow_forks = true;
		break;
	case OPTION_SNAPSHOT:
	case OPTION_SUBBUF:
	case OPTION_NUM:
	case OPTION_LIVE:
		parse_numbers(key, value, state, session);
		break;
	case ARGP_KEY_ARGS:
		arguments->command = state->argv + state->next;
		break;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "no COMMAND");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "-- COMMAND [ARGUMENT...]",
	.doc = "Run COMMAND with its kmem events recorded by LTTng, in a private session."
	       "\vThe exit code is COMMAND's; 1 when events were lost, 2 when the session can't "
	       "be had or COMMAND can't be run.",
};

/* A terminal's signals reach the command by themselves; one sent to us alone is passed on. */
static void on_signal(int number, siginfo_t *info, void *context)
{
	int saved = errno;

	signals_seen++;
	if (number == SIGUSR1)
		snapshots_wanted = 1;
	else if (child_pid && info->si_code <= 0)
		kill((pid_t)child_pid, number);
	errno = saved;
}

static void catch_signals(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1 };
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &action, NULL);
}

static void default_signals(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1 };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		signal(numbers[i], SIG_DFL);
}

/* Runs the command to its end; its exit code as a shell would give it. */
static int run(char **command, struct rig_session *session)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return rig_usage_error("trace: fork: %s", strerror(errno));
	if (pid == 0) {
		default_signals();
		execvp(command[0], command);
		fprintf(stderr, "kmemrig: trace: %s: %s\n", command[0], strerror(errno));
		_exit(errno == ENOENT ? 127 : 126);
	}
	child_pid = pid;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
		if (snapshots_wanted) {
			snapshots_wanted = 0;
			rig_session_snapshot(session);
		}
	}
	child_pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool is_kmemrig(const char *command)
{
	const char *slash = strrchr(command, '/');

	return strcmp(slash ? slash + 1 : command, "kmemrig") == 0;
}

/* Has the command saved a snapshot itself, when a check failed? */
static bool check_saved(const struct rig_session_options *session)
{
	char pattern[4096];
	glob_t found;
	bool saved;

	if (session->url)
		return false;
	snprintf(pattern, sizeof(pattern), "%s/check-failed-*", session->output);
	saved = glob(pattern, 0, NULL, &found) == 0;
	globfree(&found);
	return saved;
}

static int finish(struct rig_session *session, const struct arguments *arguments, int code)
{
	bool snapshot = arguments->session.snapshot_bytes != 0;
	struct rig_session_result result;

	/* a check that ended the command has saved already */
	if (snapshot && code && !(code == RIG_EXIT_BROKEN && check_saved(&arguments->session)) &&
	    rig_session_snapshot(session))
		fprintf(stderr, "kmemrig: trace: the snapshot could not be saved\n");
	if (rig_session_stop(session, &result)) {
		fprintf(stderr, "kmemrig: trace: the session did not end well; "
				"the trace may be incomplete\n");
		return code ? code : RIG_EXIT_FINDING;
	}
	if (result.discarded || (result.lost_packets && !snapshot)) {
		fprintf(stderr,
			"kmemrig: trace: %llu events discarded, %llu packets lost; "
			"raise --subbuf-size or --num-subbuf\n",
			(unsigned long long)result.discarded,
			(unsigned long long)result.lost_packets);
		return code ? code : RIG_EXIT_FINDING;
	}
	if (!arguments->quiet && snapshot && !code && !check_saved(&arguments->session))
		fprintf(stderr, "kmemrig: trace: no failure, no snapshot\n");
	else if (!arguments->quiet)
		fprintf(stderr, "kmemrig: trace in %s, 0 events discarded\n",
			arguments->session.url ? arguments->session.url
					       : arguments->session.output);
	return code;
}

int rig_command_trace(int argc, char **argv)
{
	struct arguments arguments = { .session = { .output = "kmemrig-trace" } };
	struct rig_session *session;
	char error[400];

	rig_command_argp_defaults();
	if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &arguments))
		return RIG_EXIT_USAGE;
	arguments.session.events = arguments.events;
	arguments.session.contexts = arguments.contexts;
	arguments.session.machine_clock =
		arguments.clock == CLOCK_MACHINE ||
		(arguments.clock == CLOCK_AUTO && is_kmemrig(arguments.command[0]));
	catch_signals();
	session = rig_session_start(&arguments.session, error, sizeof(error));
	if (!session)
		return rig_usage_error("trace: %s", error);
	if (signals_seen && !snapshots_wanted)
		return finish(session, &arguments, 128 + SIGINT);
	return finish(session, &arguments, run(arguments.command, session));
}
