// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmemrig fuzz: runs a target's libFuzzer or AFL++ build for a while, names what it found by the
 * check that failed, and shrinks one input of each to a script of ops.
 *
 * The targets are programs of the build: BUILD/fuzz/fuzz/TARGET (libFuzzer), BUILD/afl/fuzz/TARGET
 * (AFL++), BUILD/asan/fuzz/TARGET (plain, with sanitizers: runs files, names and shrinks). BUILD is
 * the folder that holds the variant this command lies in.
 */
#include <kmemrig/command.h>

#include <argp.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_FINDINGS 32
#define MAX_FILES 4096

struct fuzz_options {
	const char *target;
	int seconds;
	u64 seed;
	bool afl;
	bool canary;
	bool list;
	const char *build;
	const char *out;
	const char *corpus; /* NULL: none */
	char **kept;	    /* strings made by keep() */
	size_t nr_kept;
};

static const char *keep(struct fuzz_options *fuzz, const char *format, ...) __printf(2, 3);

/* A string that lives as long as the options. */
static const char *keep(struct fuzz_options *fuzz, const char *format, ...)
{
	char *text = NULL;
	va_list list;

	va_start(list, format);
	if (vasprintf(&text, format, list) < 0)
		abort();
	va_end(list);
	fuzz->kept = realloc(fuzz->kept, (fuzz->nr_kept + 1) * sizeof(*fuzz->kept));
	if (!fuzz->kept)
		abort();
	fuzz->kept[fuzz->nr_kept++] = text;
	return text;
}

static void drop_kept(struct fuzz_options *fuzz)
{
	while (fuzz->nr_kept)
		free(fuzz->kept[--fuzz->nr_kept]);
	free(fuzz->kept);
	fuzz->kept = NULL;
}

enum { OPTION_SECONDS = 256, OPTION_ENGINE, OPTION_SEED, OPTION_CANARY, OPTION_LIST, OPTION_BUILD };

static const struct argp_option options[] = {
	{ "seconds", OPTION_SECONDS, "N", 0, "how long (default 60)", 0 },
	{ "engine", OPTION_ENGINE, "libfuzzer|afl", 0, "which fuzzer (default libfuzzer)", 0 },
	{ "seed", OPTION_SEED, "N", 0, "seed of the fuzzer's chance (default 1)", 0 },
	{ "canary", OPTION_CANARY, NULL, 0, "plant the bug that every campaign must find", 0 },
	{ "output", 'o', "DIR", 0, "new inputs and findings (default fuzz-TARGET)", 0 },
	{ "corpus", 'c', "DIR", 0, "seed inputs (default fuzz/corpus/TARGET where it is)", 0 },
	{ "build", OPTION_BUILD, "DIR", 0, "where the variants were built", 0 },
	{ "list", OPTION_LIST, NULL, 0, "the targets there are", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 }
};

static bool read_number(const char *text, u64 *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	return !errno && end != text && !*end && text[0] != '-';
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct fuzz_options *fuzz = state->input;
	u64 number;

	switch (key) {
	case OPTION_SECONDS:
		if (!read_number(argument, &number) || !number || number > 1000000)
			argp_error(state, "--seconds %s: a number of 1 and more", argument);
		fuzz->seconds = (int)number;
		return 0;
	case OPTION_ENGINE:
		if (strcmp(argument, "libfuzzer") && strcmp(argument, "afl"))
			argp_error(state, "--engine %s: libfuzzer or afl", argument);
		fuzz->afl = !strcmp(argument, "afl");
		return 0;
	case OPTION_SEED:
		if (!read_number(argument, &fuzz->seed))
			argp_error(state, "--seed %s: not a number", argument);
		return 0;
	case OPTION_CANARY:
		fuzz->canary = true;
		return 0;
	case OPTION_LIST:
		fuzz->list = true;
		return 0;
	case OPTION_BUILD:
		fuzz->build = argument;
		return 0;
	case 'o':
		fuzz->out = argument;
		return 0;
	case 'c':
		fuzz->corpus = argument;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num > 1)
			argp_usage(state);
		/* a second word is the time, as in "kmemrig fuzz page 300" */
		if (state->arg_num == 1)
			return parse_option(OPTION_SECONDS, argument, state);
		fuzz->target = argument;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* --- programs and folders */

/* BUILD of BUILD/release/kmemrig. */
static void find_build(struct fuzz_options *fuzz)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	if (fuzz->build || length <= 0)
		return;
	path[length] = '\0';
	for (int i = 0; i < 2; i++) {
		slash = strrchr(path, '/');
		if (slash)
			*slash = '\0';
	}
	fuzz->build = keep(fuzz, "%s", path);
}

static const char *program_path(struct fuzz_options *fuzz, const char *variant)
{
	return keep(fuzz, "%s/%s/fuzz/%s", fuzz->build, variant, fuzz->target);
}

static int list_targets(struct fuzz_options *fuzz)
{
	const char *const variants[] = { "fuzz", "afl", "asan" };
	bool any = false;

	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		const char *folder = keep(fuzz, "%s/%s/fuzz", fuzz->build, variants[i]);
		struct dirent **names;
		int nr;

		nr = scandir(folder, &names, NULL, alphasort);
		for (int n = 0; n < nr; n++) {
			const char *path = keep(fuzz, "%s/%s", folder, names[n]->d_name);

			if (!strchr(names[n]->d_name, '.') && !access(path, X_OK)) {
				printf("%-10s %s\n", names[n]->d_name, variants[i]);
				any = true;
			}
			free(names[n]);
		}
		if (nr >= 0)
			free(names);
	}
	return any ? RIG_EXIT_OK
		   : rig_usage_error("%s: no targets; './rig fuzz' builds them", fuzz->build);
}

/* Runs a program to its end with stdout to @out (or where it goes). Its exit code, or 128 + signal.
 */
static int run_program(const char *const *argv, const char *out)
{
	pid_t child;
	int status;

	fflush(NULL);
	child = fork();
	if (child < 0)
		return 127;
	if (!child) {
		if (out && !freopen(out, "w", stdout))
			_exit(127);
		execvp(argv[0], (char *const *)argv);
		fprintf(stderr, "kmemrig: %s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	while (waitpid(child, &status, 0) != child)
		if (errno != EINTR)
			return 127;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* --- the two engines */

/* Inputs may be as long as the longest one of the corpus: shortened, a file's seed is none. */
static long long max_length(struct fuzz_options *fuzz)
{
	long long longest = 8192;
	struct dirent *entry;
	DIR *folder = fuzz->corpus ? opendir(fuzz->corpus) : NULL;

	while (folder && (entry = readdir(folder))) {
		struct stat about;

		if (!stat(keep(fuzz, "%s/%s", fuzz->corpus, entry->d_name), &about) &&
		    S_ISREG(about.st_mode) && about.st_size > longest)
			longest = about.st_size;
	}
	if (folder)
		closedir(folder);
	return longest;
}

static int run_libfuzzer(struct fuzz_options *fuzz)
{
	const char *argv[16];
	int n = 0;

	argv[n++] = program_path(fuzz, "fuzz");
	argv[n++] = keep(fuzz, "-max_total_time=%d", fuzz->seconds);
	argv[n++] = keep(fuzz, "-seed=%llu", (unsigned long long)fuzz->seed);
	argv[n++] = keep(fuzz, "-artifact_prefix=%s/crashes/", fuzz->out);
	argv[n++] = keep(fuzz, "-max_len=%lld", max_length(fuzz));
	argv[n++] = "-len_control=0";
	argv[n++] = "-timeout=20";
	argv[n++] = "-rss_limit_mb=4096";
	argv[n++] = "-print_final_stats=1";
	argv[n++] = keep(fuzz, "%s/inputs", fuzz->out);
	if (fuzz->corpus)
		argv[n++] = fuzz->corpus;
	argv[n] = NULL;
	return run_program(argv, NULL);
}

static int run_afl(struct fuzz_options *fuzz)
{
	const char *argv[20];
	int n = 0;

	setenv("AFL_SKIP_CPUFREQ", "1", 0);
	setenv("AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES", "1", 0);
	setenv("AFL_NO_AFFINITY", "1", 0);
	setenv("AFL_NO_UI", "1", 0);
	argv[n++] = "afl-fuzz";
	argv[n++] = "-i";
	argv[n++] = fuzz->corpus ? fuzz->corpus : keep(fuzz, "%s/inputs", fuzz->out);
	argv[n++] = "-o";
	argv[n++] = keep(fuzz, "%s/afl", fuzz->out);
	argv[n++] = "-V";
	argv[n++] = keep(fuzz, "%d", fuzz->seconds);
	argv[n++] = "-s";
	argv[n++] = keep(fuzz, "%llu", (unsigned long long)fuzz->seed);
	argv[n++] = "-m";
	argv[n++] = "none";
	argv[n++] = "--";
	argv[n++] = program_path(fuzz, "afl");
	argv[n] = NULL;
	return run_program(argv, NULL);
}

/* --- what was found */

struct finding {
	const char *name;
	const char *file;
	unsigned int inputs;
};

struct findings {
	struct finding of[MAX_FINDINGS];
	size_t nr;
};

static void note_finding(struct findings *findings, const char *name, const char *file)
{
	for (size_t i = 0; i < findings->nr; i++)
		if (!strcmp(findings->of[i].name, name)) {
			findings->of[i].inputs++;
			return;
		}
	if (findings->nr == MAX_FINDINGS)
		return;
	findings->of[findings->nr++] = (struct finding){ name, file, 1 };
}

/* Runs one file through the plain program, which says what it finds. */
static void triage_file(struct fuzz_options *fuzz, const char *file, struct findings *findings)
{
	const char *argv[] = { program_path(fuzz, "asan"), "--triage", file, NULL };
	const char *answer = keep(fuzz, "%s/triage", fuzz->out);
	char line[PATH_MAX + 128];
	FILE *in;

	run_program(argv, answer);
	in = fopen(answer, "r");
	if (!in)
		return;
	if (fgets(line, sizeof(line), in)) {
		line[strcspn(line, "\t\n")] = '\0';
		bool nothing = !strcmp(line, "nothing");

		/*
		 * Found by the fuzzer, not by a fresh process: say so rather than drop it. But what
		 * a campaign started from is here only because AFL++ leaves crashing seeds out.
		 */
		if (nothing && strstr(file, "/inputs/")) {
			fclose(in);
			return;
		}
		note_finding(findings, keep(fuzz, "%s", nothing ? "not-repeatable" : line), file);
	}
	fclose(in);
}

static void triage_folder(struct fuzz_options *fuzz, const char *folder, struct findings *findings)
{
	struct dirent **names;
	int nr = scandir(folder, &names, NULL, alphasort);

	for (int i = 0; i < nr; i++) {
		const char *path = keep(fuzz, "%s/%s", folder, names[i]->d_name);
		struct stat status;

		if (i < MAX_FILES && names[i]->d_name[0] != '.' &&
		    strncmp(names[i]->d_name, "README", 6) && !stat(path, &status) &&
		    S_ISREG(status.st_mode))
			triage_file(fuzz, path, findings);
		free(names[i]);
	}
	if (nr >= 0)
		free(names);
}

static void shrink_finding(struct fuzz_options *fuzz, const struct finding *finding)
{
	const char *argv[] = { program_path(fuzz, "asan"), "--shrink", finding->file, NULL };
	char *script = (char *)keep(fuzz, "%s/%s.ops", fuzz->out, finding->name);
	char line[512];
	FILE *in;

	for (char *c = script + strlen(fuzz->out) + 1; *c; c++)
		if (*c == '/' || *c == ' ')
			*c = '_';
	if (run_program(argv, script) != RIG_EXIT_FINDING) {
		unlink(script); /* a target that reads files has no ops */
		return;
	}
	printf("\n%s, shrunk (%s):\n", finding->name, script);
	in = fopen(script, "r");
	while (in && fgets(line, sizeof(line), in))
		fputs(line, stdout);
	if (in)
		fclose(in);
}

static int report(struct fuzz_options *fuzz)
{
	static struct findings findings;

	triage_folder(fuzz, keep(fuzz, "%s/crashes", fuzz->out), &findings);
	triage_folder(fuzz, keep(fuzz, "%s/afl/default/crashes", fuzz->out), &findings);
	if (fuzz->afl)
		triage_folder(fuzz, keep(fuzz, "%s/inputs", fuzz->out), &findings);
	printf("%s: %zu kinds of findings\n", fuzz->target, findings.nr);
	for (size_t i = 0; i < findings.nr; i++)
		printf("  %-40s %3u inputs, the first: %s\n", findings.of[i].name,
		       findings.of[i].inputs, findings.of[i].file);
	for (size_t i = 0; i < findings.nr; i++)
		shrink_finding(fuzz, &findings.of[i]);
	return findings.nr ? RIG_EXIT_FINDING : RIG_EXIT_OK;
}

/* --- the command */

static bool make_folders(struct fuzz_options *fuzz)
{
	const char *const folders[] = { "", "/inputs", "/crashes" };
	FILE *file;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		const char *path = keep(fuzz, "%s%s", fuzz->out, folders[i]);

		if (mkdir(path, 0777) && errno != EEXIST) {
			rig_usage_error("%s: %s", path, strerror(errno));
			return false;
		}
	}
	/* AFL++ wants at least one input */
	file = fopen(keep(fuzz, "%s/inputs/zero", fuzz->out), "wb");
	if (file) {
		fwrite("\0\4\0\0", 1, 4, file);
		fclose(file);
	}
	return true;
}

#define CHANCE_INPUTS "40"

/*
 * Long inputs of chance to start from: a fuzzer that begins with nothing takes minutes to get to
 * inputs that fill memory. Targets that read files start from their corpus.
 */
static void add_inputs_of_chance(struct fuzz_options *fuzz)
{
	const char *argv[] = { program_path(fuzz, "asan"),
			       "--make",
			       keep(fuzz, "%s/inputs", fuzz->out),
			       keep(fuzz, "%llu", (unsigned long long)fuzz->seed),
			       CHANCE_INPUTS,
			       NULL };

	run_program(argv, NULL);
}

static bool choose_paths(struct fuzz_options *fuzz)
{
	const char *engine = fuzz->afl ? "afl" : "fuzz";
	const char *program;

	if (strchr(fuzz->target, '/') || strlen(fuzz->target) > 64) {
		rig_usage_error("fuzz: '%s' is not the name of a target", fuzz->target);
		return false;
	}
	program = program_path(fuzz, engine);
	if (access(program, X_OK)) {
		rig_usage_error("fuzz: no target '%s' (%s); 'kmemrig fuzz --list' shows what there "
				"is, 'scons variant=%s,asan fuzzers' builds them",
				fuzz->target, program, engine);
		return false;
	}
	if (!fuzz->out)
		fuzz->out = keep(fuzz, "fuzz-%s", fuzz->target);
	if (!fuzz->corpus) {
		fuzz->corpus = keep(fuzz, "fuzz/corpus/%s", fuzz->target);
		if (access(fuzz->corpus, R_OK))
			fuzz->corpus = NULL;
	}
	return make_folders(fuzz);
}

/* The seeded bugs are patches: a script builds each in a copy of the tree. */
static int run_bugs(int argc, char **argv)
{
	const char *script[64] = { "sh", "fuzz/bugs/campaign.sh" };
	int n = 2;

	if (access(script[1], R_OK))
		return rig_usage_error("fuzz bugs: %s: run it in the source tree", script[1]);
	for (int i = 2; i < argc && n < 63; i++)
		script[n++] = argv[i];
	return run_program(script, NULL);
}

static int run_command(struct fuzz_options *fuzz)
{
	if (fuzz->list)
		return list_targets(fuzz);
	if (!fuzz->target)
		return rig_usage_error("fuzz: which target? 'kmemrig fuzz --list' shows them");
	if (!choose_paths(fuzz))
		return RIG_EXIT_USAGE;
	if (fuzz->canary)
		setenv("KMEMRIG_CANARY", "1", 1);
	printf("%s: %s, %d seconds, seed %llu\n", fuzz->target, fuzz->afl ? "AFL++" : "libFuzzer",
	       fuzz->seconds, (unsigned long long)fuzz->seed);
	add_inputs_of_chance(fuzz);
	if (fuzz->afl)
		run_afl(fuzz);
	else
		run_libfuzzer(fuzz);
	return report(fuzz);
}

int rig_command_fuzz(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "TARGET [SECONDS]\n"
			    "bugs [--seed N] [--json FILE] [--control] [SECONDS [NUMBER...]]",
		.doc = "Fuzzes a target, names what was found and shrinks it to a script of ops.\v"
		       "Findings go to DIR/crashes (DIR/afl/default/crashes), one shrunk script for "
		       "each check that failed to DIR/CHECK.ops.\n"
		       "'bugs' looks which bugs that real allocators had are found, each planted "
		       "into a copy of the tree; --control: what is found without any.",
	};
	struct fuzz_options fuzz = { .seconds = 60, .seed = 1 };
	int code;

	if (argc > 1 && !strcmp(argv[1], "bugs"))
		return run_bugs(argc, argv);
	if (argp_parse(&argp, argc, argv, 0, NULL, &fuzz))
		return RIG_EXIT_USAGE;
	find_build(&fuzz);
	code = run_command(&fuzz);
	drop_kept(&fuzz);
	return code;
}
