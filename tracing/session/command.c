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
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kmemrig/command.h>
#include <kmemrig/event.h>
#include <kmemrig/session.h>
#include <linux/kernel.h>

#define MAX_ITEMS 32
#define MAX_SAVED 10000U
#define MAX_SUBBUFS (1U << 20)
#define MAX_LIVE_US 1000000000U
#define MAX_TIMEOUT_S 86400U

enum {
	OPTION_CLOCK = 256,
	OPTION_SNAPSHOT,
	OPTION_SNAPSHOT_FAILURES,
	OPTION_SNAPSHOT_MAX,
	OPTION_URL,
	OPTION_LIVE,
	OPTION_SUBBUF,
	OPTION_NUM,
	OPTION_FORKS,
	OPTION_OLD_NAMES,
	OPTION_TIMEOUT
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
	{ "snapshot-failures", OPTION_SNAPSHOT_FAILURES, NULL, 0,
	  "Save them when an allocation fails, too", 0 },
	{ "snapshot-max", OPTION_SNAPSHOT_MAX, "N", 0,
	  "At most N times by each process for failures (8)", 0 },
	{ "url", OPTION_URL, "URL", 0, "Stream to a relay daemon: net://HOST[:CTRL[:DATA]]", 0 },
	{ "live", OPTION_LIVE, "USEC", 0, "With --url: a live session, readable while it runs", 0 },
	{ "subbuf-size", OPTION_SUBBUF, "SIZE", 0, "Of one sub-buffer (4M)", 0 },
	{ "num-subbuf", OPTION_NUM, "N", 0, "Sub-buffers per CPU (8)", 0 },
	{ "follow-forks", OPTION_FORKS, NULL, 0,
	  "Forked children are processes of their own to LTTng: their events carry their vpid", 0 },
	{ "old-names", OPTION_OLD_NAMES, NULL, 0,
	  "Names of kernels before 6.1: mm_page_free_direct, kmem_cache_alloc_node, kmalloc_node",
	  0 },
	{ "timeout", OPTION_TIMEOUT, "SEC", 0, "How long LTTng's daemons may take for a step (60)",
	  0 },
	{ "quiet", 'q', NULL, 0, "No summary line on stderr", 0 },
	{ 0 },
};

static volatile sig_atomic_t child_pid;
static volatile sig_atomic_t snapshots_wanted;
static volatile sig_atomic_t end_wanted; /* the signal */

/* A number of decimal digits, with a unit of 1024 if @units; 0 is none. */
static bool parse_number(const char *text, bool units, u64 *number)
{
	static const char unit_names[] = "kMG";
	const char *unit;
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*number = strtoull(text, &end, 10);
	unit = *end && units ? strchr(unit_names, *end == 'K' ? 'k' : *end) : NULL;
	if (unit) {
		unsigned int shift = 10 * (unsigned int)(unit - unit_names + 1);

		if (*number > ULLONG_MAX >> shift)
			return false;
		*number <<= shift;
		end++;
	}
	return !errno && !*end && *number;
}

static void add_item(struct argp_state *state, const char **items, size_t *nr, const char *item)
{
	if (*nr == MAX_ITEMS)
		argp_error(state, "more than %d of one kind", MAX_ITEMS);
	items[(*nr)++] = item;
}

static void parse_bytes(struct argp_state *state, const char *value, u64 *bytes)
{
	if (!parse_number(value, true, bytes))
		argp_error(state, "%s: not a size", value);
}

static void parse_count(struct argp_state *state, const char *value, unsigned int max,
			unsigned int *count)
{
	u64 number;

	if (!parse_number(value, false, &number) || number > max)
		argp_error(state, "%s: not a number from 1 to %u", value, max);
	*count = (unsigned int)number;
}

/* An event of ours that does not exist would record nothing, silently. */
static void check_event(struct argp_state *state, const char *name)
{
	static const char *const others[] = { "kmemrig:task", "kmemrig:callstack",
					      "kmem:mm_page_free_direct",
					      "kmem:kmem_cache_alloc_node", "kmem:kmalloc_node" };
	size_t length = strlen(name);
	bool wildcard = length && name[length - 1] == '*';
	bool ours = false, found = false;

	for (int id = 0; id < RIG_NR_EVENTS + (int)ARRAY_SIZE(others); id++) {
		const char *colon = strchr(name, ':');
		char full[80];

		if (id < RIG_NR_EVENTS)
			snprintf(full, sizeof(full), "%s:%s", rig_event_system(id),
				 rig_event_name(id));
		else
			snprintf(full, sizeof(full), "%s", others[id - RIG_NR_EVENTS]);
		ours |= colon && strncmp(full, name, (size_t)(colon - name) + 1) == 0;
		found |= wildcard ? strncmp(full, name, length - 1) == 0 : strcmp(full, name) == 0;
	}
	if (!length || (ours && !found))
		argp_error(state, "%s: no such event", name);
}

static void check_combination(struct argp_state *state, struct rig_session_options *session)
{
	if (session->url && session->output)
		argp_error(state, "--output and --url: one of them");
	if (session->live_us && !session->url)
		argp_error(state, "--live needs --url, the relay daemon that viewers ask");
	if (session->snapshot_bytes &&
	    (session->live_us || session->subbuf_bytes || session->nr_subbufs))
		argp_error(state, "--snapshot chooses the buffers itself, and is not live");
	if (!session->snapshot_bytes && (session->save_failures || session->max_saved))
		argp_error(state, "--snapshot-failures and --snapshot-max need --snapshot");
	if (!session->url && !session->output)
		session->output = "kmemrig-trace";
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
		check_event(state, value);
		add_item(state, arguments->events, &session->nr_events, value);
		break;
	case 'c':
		/* LTTng has no call stacks in user space: our provider records them */
		if (strcmp(value, "callstack") == 0)
			session->callstack = true;
		else
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
		parse_bytes(state, value, &session->snapshot_bytes);
		break;
	case OPTION_SNAPSHOT_FAILURES:
		session->save_failures = true;
		break;
	case OPTION_SNAPSHOT_MAX:
		parse_count(state, value, MAX_SAVED, &session->max_saved);
		break;
	case OPTION_SUBBUF:
		parse_bytes(state, value, &session->subbuf_bytes);
		break;
	case OPTION_NUM:
		parse_count(state, value, MAX_SUBBUFS, &session->nr_subbufs);
		break;
	case OPTION_LIVE:
		parse_count(state, value, MAX_LIVE_US, &session->live_us);
		break;
	case OPTION_TIMEOUT:
		parse_count(state, value, MAX_TIMEOUT_S, &session->timeout_s);
		break;
	case ARGP_KEY_SUCCESS:
		check_combination(state, session);
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
	       "\vThe exit code is COMMAND's; 1 when events were or may have been lost, 2 when the "
	       "session can't be had, 126 or 127 when COMMAND can't be run.",
};

/* A terminal's signals reach the command by themselves; one sent to us alone is passed on. */
static void on_signal(int number, siginfo_t *info, void *context)
{
	int saved = errno;

	switch (number) {
	case SIGUSR1:
		snapshots_wanted = 1;
		break;
	case SIGCHLD:
	case SIGPIPE: /* nobody reads our messages: the session is to be ended all the same */
		break;
	default:
		end_wanted = number;
		if (child_pid && info->si_code <= 0)
			kill((pid_t)child_pid, number);
	}
	errno = saved;
}

static void save_snapshot(struct rig_session *session, const char *name)
{
	if (rig_session_snapshot(session, name))
		fprintf(stderr, "kmemrig: trace: snapshot %s could not be saved\n", name);
}

static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGCHLD, SIGPIPE };

static void catch_signals(void)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };

	for (size_t i = 0; i < ARRAY_SIZE(caught); i++)
		sigaction(caught[i], &action, NULL);
}

static void exec_command(char **command, const sigset_t *mask)
{
	for (size_t i = 0; i < ARRAY_SIZE(caught); i++)
		signal(caught[i], SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(command[0], command);
	fprintf(stderr, "kmemrig: trace: %s: %s\n", command[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* Waits for the command; a signal that wants a snapshot is never slept through. */
static int wait_for_command(pid_t pid, struct rig_session *session, const sigset_t *mask)
{
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (!snapshots_wanted)
			sigsuspend(mask);
		if (snapshots_wanted) {
			snapshots_wanted = 0;
			save_snapshot(session, "signal");
		}
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Runs the command to its end; its exit code as a shell would give it. */
static int run(char **command, struct rig_session *session)
{
	sigset_t waited_for, mask;
	int code;

	sigemptyset(&waited_for);
	for (size_t i = 0; i < ARRAY_SIZE(caught); i++)
		sigaddset(&waited_for, caught[i]);
	sigprocmask(SIG_BLOCK, &waited_for, &mask);
	if (end_wanted) {
		sigprocmask(SIG_SETMASK, &mask, NULL);
		return 128 + end_wanted;
	}
	child_pid = fork();
	if (child_pid == 0)
		exec_command(command, &mask);
	code = child_pid < 0 ? rig_usage_error("trace: fork: %s", strerror(errno))
			     : wait_for_command((pid_t)child_pid, session, &mask);
	child_pid = 0;
	sigprocmask(SIG_SETMASK, &mask, NULL);
	return code;
}

static bool is_kmemrig(const char *command)
{
	const char *slash = strrchr(command, '/');

	return strcmp(slash ? slash + 1 : command, "kmemrig") == 0;
}

static int finish(struct rig_session *session, const struct arguments *arguments, int code)
{
	bool snapshot = arguments->session.snapshot_bytes != 0;
	unsigned int saved = rig_session_saved(session);
	struct rig_session_result result;

	/* a check that ended the command has saved already */
	if (snapshot && code && !(code == RIG_EXIT_BROKEN && saved))
		save_snapshot(session, "command-failed");
	if (rig_session_stop(session, &result)) {
		fprintf(stderr, "kmemrig: trace: the trace may be incomplete: %s\n",
			result.problem);
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
	if (!result.writers)
		fprintf(stderr, "kmemrig: trace: COMMAND made no machine of kmemrig's: none of its "
				"events is in the trace\n");
	else if (!arguments->quiet && snapshot && !code && !saved)
		fprintf(stderr, "kmemrig: trace: no failure, no snapshot\n");
	else if (!arguments->quiet)
		fprintf(stderr, "kmemrig: trace in %s, 0 events discarded\n",
			arguments->session.url ? arguments->session.url
					       : arguments->session.output);
	return code;
}

/* Where a viewer finds the live session; the relay daemon may listen for viewers elsewhere. */
static void tell_viewers(const struct rig_session *session, const char *url)
{
	const char *host = strstr(url, "://");
	char own_name[256] = "";

	host = host ? host + 3 : url;
	gethostname(own_name, sizeof(own_name) - 1);
	fprintf(stderr, "kmemrig: trace: babeltrace2 -i lttng-live net://%.*s/host/%s/%s\n",
		(int)strcspn(host, ":/"), host, own_name, rig_session_name(session));
}

int rig_command_trace(int argc, char **argv)
{
	struct arguments arguments = { 0 };
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
	if (arguments.session.live_us && !arguments.quiet)
		tell_viewers(session, arguments.session.url);
	return finish(session, &arguments, run(arguments.command, session));
}
