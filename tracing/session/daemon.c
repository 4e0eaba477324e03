// SPDX-License-Identifier: GPL-2.0-only
/*
 * The private session daemon: a child of ours in its own process group, ended by its pid, gone
 * with us even if we are killed.
 *
 * An ordinary user's daemon keeps its sockets under LTTNG_HOME, which is a folder of ours. Root's
 * always takes the system's run directory; there we mount an empty file system over it, in a mount
 * namespace of our own, so that a daemon of the system is neither disturbed nor used. Where
 * that is not allowed (containers), root uses the directory itself: the daemon that runs there, or
 * else ours.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "private.h"

#define SYSTEM_RUN_DIR "/var/run/lttng"
#define START_TIMEOUT_MS 15000
#define END_TIMEOUT_MS 15000
#define MAX_TEMPORARY 40

static void sleep_ms(long ms)
{
	struct timespec delay = { .tv_nsec = ms * 1000000 };

	nanosleep(&delay, NULL);
}

/* TMPDIR, unless sockets below it would have too long a name. */
const char *rig_session_temporary(void)
{
	const char *folder = getenv("TMPDIR");

	return folder && *folder == '/' && strlen(folder) <= MAX_TEMPORARY ? folder : "/tmp";
}

void rig_session_setenv(struct rig_session *session, const char *name, const char *value)
{
	const char *before = getenv(name);

	if (session->nr_changed < RIG_MAX_CHANGED_VARIABLES)
		session->changed[session->nr_changed++] =
			(struct rig_variable){ name, before ? strdup(before) : NULL };
	setenv(name, value, 1);
}

void rig_session_restore_environment(struct rig_session *session)
{
	while (session->nr_changed) {
		struct rig_variable *variable = &session->changed[--session->nr_changed];

		if (variable->before)
			setenv(variable->name, variable->before, 1);
		else
			unsetenv(variable->name);
		free(variable->before);
	}
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	remove(path);
	return 0;
}

static bool answers(const char *folder, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	bool connected;
	int fd;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", folder, name);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	connected = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
	close(fd);
	return connected;
}

/* An empty run directory for root; false: not possible here. */
static bool hide_system_run_dir(struct rig_session *session)
{
	/* stays: removing it would pull it from under another session's mount */
	mkdir(SYSTEM_RUN_DIR, 0755);
	if (!realpath(SYSTEM_RUN_DIR, session->run_dir))
		return false;
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("kmemrig", session->run_dir, "tmpfs", 0, "mode=0755")) {
		session->run_dir[0] = '\0';
		return false;
	}
	return true;
}

static void exec_daemon(struct rig_session *session, pid_t parent)
{
	static const char *const places[] = { "lttng-sessiond", "/usr/sbin/lttng-sessiond",
					      "/usr/local/bin/lttng-sessiond" };
	sigset_t none;
	char log[96], pidfile[96];
	int fd;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	snprintf(log, sizeof(log), "%s/sessiond.log", session->home);
	fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd >= 0) {
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
	}
	fd = open("/dev/null", O_RDONLY);
	dup2(fd, STDIN_FILENO);
	/* shows in a list of processes whose daemon this is */
	snprintf(pidfile, sizeof(pidfile), "%s/sessiond.pid", session->home);
	for (size_t i = 0; i < 3; i++)
		execlp(places[i], "lttng-sessiond", "--no-kernel", "--pidfile", pidfile, NULL);
	dprintf(STDERR_FILENO, "lttng-sessiond: %s\n", strerror(errno));
	_exit(127);
}

/* The last line that the daemon wrote, for the error message. */
static void last_words(struct rig_session *session, char *text, size_t size)
{
	char path[96], line[240];
	FILE *log;

	snprintf(path, sizeof(path), "%s/sessiond.log", session->home);
	snprintf(text, size, "no reason given");
	log = fopen(path, "r");
	if (!log)
		return;
	while (fgets(line, sizeof(line), log)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0])
			snprintf(text, size, "%s", line);
	}
	fclose(log);
}

static int wait_until_ready(struct rig_session *session, const char *folder, char *error,
			    size_t error_size)
{
	char words[240];
	int status;

	for (int waited = 0; waited < START_TIMEOUT_MS; waited += 5) {
		if (waitpid(session->daemon, &status, WNOHANG) == session->daemon) {
			session->daemon = 0;
			last_words(session, words, sizeof(words));
			snprintf(error, error_size, "lttng-sessiond does not start: %s", words);
			return -EIO;
		}
		if (answers(folder, "client-lttng-sessiond") && answers(folder, "lttng-ust-sock-8"))
			return 0;
		sleep_ms(5);
	}
	snprintf(error, error_size, "lttng-sessiond does not answer");
	return -ETIMEDOUT;
}

int rig_daemon_start(struct rig_session *session, char *error, size_t error_size)
{
	bool root = geteuid() == 0;
	pid_t parent = getpid();
	char folder[96];

	snprintf(session->home, sizeof(session->home), "%s/kmemrig-XXXXXX",
		 rig_session_temporary());
	if (!mkdtemp(session->home)) {
		snprintf(error, error_size, "%s: %s", session->home, strerror(errno));
		session->home[0] = '\0';
		return -errno;
	}
	rig_session_setenv(session, "LTTNG_HOME", session->home);
	snprintf(folder, sizeof(folder), "%s%s", root ? "" : session->home,
		 root ? SYSTEM_RUN_DIR : "/.lttng");
	if (root && !hide_system_run_dir(session) && answers(folder, "client-lttng-sessiond"))
		return 0;
	session->daemon = fork();
	if (session->daemon < 0) {
		snprintf(error, error_size, "fork: %s", strerror(errno));
		session->daemon = 0;
		return -EAGAIN;
	}
	if (session->daemon == 0)
		exec_daemon(session, parent);
	return wait_until_ready(session, folder, error, error_size);
}

int rig_daemon_end(struct rig_session *session)
{
	int result = 0;

	if (session->daemon) {
		int status = 0, waited = 0;

		kill(session->daemon, SIGTERM);
		while (waitpid(session->daemon, &status, WNOHANG) == 0) {
			if ((waited += 2) > END_TIMEOUT_MS) {
				kill(-session->daemon, SIGKILL);
				waitpid(session->daemon, &status, 0);
				result = -EIO;
				break;
			}
			sleep_ms(2);
		}
		session->daemon = 0;
	}
	if (session->run_dir[0])
		umount2(session->run_dir, MNT_DETACH);
	if (session->home[0])
		nftw(session->home, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	rig_session_restore_environment(session);
	return result;
}
