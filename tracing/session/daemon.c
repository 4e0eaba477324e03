// SPDX-License-Identifier: GPL-2.0-only
/*
 * The private session daemon: a child of ours in its own process group, ended by its pid, gone
 * with us even if we are killed.
 *
 * An ordinary user's daemon keeps its sockets under LTTNG_HOME, which is a folder of ours. Root's
 * always takes the system's run directory; there we mount an empty file system over it, in a mount
 * namespace of our own, so that a daemon of the system is neither disturbed nor used. Where that
 * is not allowed (containers), root's daemon takes the directory itself, unless one runs there
 * already: then there is no session.
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
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/kernel.h>

#include "private.h"

#define SYSTEM_RUN_DIR "/var/run/lttng"
#define START_TIMEOUT_MS 15000
#define END_TIMEOUT_MS 15000
#define STUCK_END_TIMEOUT_MS 1000
#define GROUP_END_TIMEOUT_MS 2000
#define MAX_TEMPORARY 40

static void sleep_ms(long ms)
{
	struct timespec delay = { .tv_nsec = ms * 1000000 };

	nanosleep(&delay, NULL);
}

/* TMPDIR, unless sockets below it had too long a name, or a list of files could not hold it. */
static const char *temporary_folder(void)
{
	const char *folder = getenv("TMPDIR");

	return folder && *folder == '/' && strlen(folder) <= MAX_TEMPORARY && !strpbrk(folder, " :")
		       ? folder
		       : "/tmp";
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

/*
 * Makes all mounts private from the real root of the mount namespace, which is where entering
 * one's own namespace leads, and comes back into the chroot.
 */
static int make_private_from_real_root(void)
{
	int chroot_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int folder_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int self_fd = pidfd_open(getpid(), 0);
	int result = -1;

	if (chroot_fd >= 0 && folder_fd >= 0 && self_fd >= 0 && setns(self_fd, CLONE_NEWNS) == 0) {
		result = mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
		if (fchdir(chroot_fd) || chroot(".") || fchdir(folder_fd)) {
			perror("kmemrig: can't return into the chroot");
			_exit(2);
		}
	}
	close(chroot_fd);
	close(folder_fd);
	close(self_fd);
	return result;
}

/*
 * A mount namespace of our own, whose mounts spread to no other. Only a mount point can be made
 * private, and the "/" of a chroot need not be one.
 */
static bool own_mount_namespace(void)
{
	return unshare(CLONE_NEWNS) == 0 &&
	       (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 ||
		make_private_from_real_root() == 0);
}

/* An empty run directory for root; false: not possible here, errno says why. */
static bool hide_system_run_dir(struct rig_session *session)
{
	/* stays: removing it would pull it from under another session's mount */
	mkdir(SYSTEM_RUN_DIR, 0755);
	if (!realpath(SYSTEM_RUN_DIR, session->run_dir))
		return false;
	if (!own_mount_namespace() || mount("kmemrig", session->run_dir, "tmpfs", 0, "mode=0755")) {
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
	rig_clock_preload(session);
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

int rig_daemon_make_home(struct rig_session *session, char *error, size_t error_size)
{
	snprintf(session->home, sizeof(session->home), "%s/kmemrig-XXXXXX", temporary_folder());
	if (!mkdtemp(session->home)) {
		snprintf(error, error_size, "%s: %s", session->home, strerror(errno));
		session->home[0] = '\0';
		return -errno;
	}
	rig_session_setenv(session, "LTTNG_HOME", session->home);
	return 0;
}

int rig_daemon_start(struct rig_session *session, char *error, size_t error_size)
{
	bool root = geteuid() == 0;
	pid_t parent = getpid();
	char folder[96];

	snprintf(folder, sizeof(folder), "%s%s", root ? "" : session->home,
		 root ? SYSTEM_RUN_DIR : "/.lttng");
	if (root && !hide_system_run_dir(session)) {
		int reason = errno;

		if (answers(folder, "client-lttng-sessiond")) {
			snprintf(error, error_size,
				 "%s: a session daemon runs there, and root can't have a run "
				 "directory of its own (mount namespace: %s)",
				 folder, strerror(reason));
			return -EBUSY;
		}
	}
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

/* Has the daemon ended? It stays a zombie, so that its process group is still ours. */
static bool has_ended(struct rig_session *session, siginfo_t *info)
{
	info->si_pid = 0;
	return waitid(P_PID, (id_t)session->daemon, info, WEXITED | WNOHANG | WNOWAIT) ||
	       info->si_pid;
}

/* The consumer daemons are no children of ours: they are in the group. */
static void end_group(struct rig_session *session)
{
	pid_t group = session->daemon;
	int status;

	kill(-group, SIGKILL);
	waitpid(session->daemon, &status, 0);
	for (int waited = 0; waited < GROUP_END_TIMEOUT_MS && kill(-group, 0) == 0; waited += 2)
		sleep_ms(2);
}

/* What the daemons write when they fail, and what it means; the cause before its effects. */
static const struct {
	const char *words;
	const char *meaning;
} known_complaints[] = {
	{ "No space left on device", "no space is left where the trace goes" },
	{ "Relayd hangup", "the connection to the relay daemon broke" },
	{ "thread_consumer_management", "LTTng's consumer daemon died" },
};

/* That they may not raise the limit of open files is no error. */
static bool is_complaint(const char *line)
{
	return (strncmp(line, "Error: ", 7) == 0 || strncmp(line, "PERROR ", 7) == 0) &&
	       !strstr(line, "set_ulimit");
}

/*
 * The daemons' errors, of which lttng's commands need not know: a disk that was full for a while
 * has lost events, though all ended well. The first line, or what is behind it if that is known.
 */
static void read_complaints(struct rig_session *session, char *problem, size_t problem_size)
{
	char path[96], line[400], first[200] = "";
	size_t known = ARRAY_SIZE(known_complaints);
	FILE *log;

	snprintf(path, sizeof(path), "%s/sessiond.log", session->home);
	log = fopen(path, "r");
	if (!log)
		return;
	while (fgets(line, sizeof(line), log)) {
		line[strcspn(line, "\n")] = '\0';
		if (!is_complaint(line))
			continue;
		if (!first[0])
			snprintf(first, sizeof(first), "%.199s", line);
		for (size_t i = 0; i < known; i++)
			if (strstr(line, known_complaints[i].words))
				known = i;
	}
	fclose(log);
	if (known < ARRAY_SIZE(known_complaints))
		snprintf(problem, problem_size, "%s", known_complaints[known].meaning);
	else if (first[0] && !*problem)
		snprintf(problem, problem_size, "LTTng's daemons: %s", first);
}

static void end_daemon(struct rig_session *session, char *problem, size_t problem_size)
{
	siginfo_t info;
	int waited = 0;

	read_complaints(session, problem, problem_size);
	if (has_ended(session, &info))
		snprintf(problem, problem_size, "lttng-sessiond ended by itself (%s %d)",
			 info.si_code == CLD_EXITED ? "exit code" : "signal", info.si_status);
	kill(session->daemon, SIGTERM);
	while (!has_ended(session, &info)) {
		if ((waited += 2) > (session->stuck ? STUCK_END_TIMEOUT_MS : END_TIMEOUT_MS)) {
			if (!*problem)
				snprintf(problem, problem_size, "lttng-sessiond does not end");
			break;
		}
		sleep_ms(2);
	}
	end_group(session);
	session->daemon = 0;
	if (!*problem)
		read_complaints(session, problem, problem_size);
}

int rig_daemon_end(struct rig_session *session, char *problem, size_t problem_size)
{
	if (session->daemon)
		end_daemon(session, problem, problem_size);
	if (session->run_dir[0])
		umount2(session->run_dir, MNT_DETACH);
	if (session->home[0])
		nftw(session->home, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	rig_session_restore_environment(session);
	return *problem ? -EIO : 0;
}
