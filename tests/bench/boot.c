// SPDX-License-Identifier: GPL-2.0-only
/*
 * Boot of machines of 1 GiB, 1 TiB and 64 TiB (8 nodes), each in a process of its own, with the
 * host's memory that it took.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/kernel.h>

#include "bench.h"

#define GIB (1ULL << 30)

struct size {
	const char *name;
	u64 bytes;
	int nodes;
};

static const struct size sizes[] = {
	{ "1 GiB", GIB, 1 },
	{ "1 TiB", GIB << 10, 1 },
	{ "64 TiB, 8 nodes", 64 * (GIB << 10), 8 },
};

struct outcome {
	double ms;
	double mib;
};

/* Memory of this process in the host, MiB. */
static double resident(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	if (file) {
		if (fscanf(file, "%*u %lu", &pages) != 1)
			pages = 0;
		fclose(file);
	}
	return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1048576.0;
}

static struct outcome boot(const struct size *size)
{
	struct rig_memory_range memory[8];
	struct rig_machine_config config = { .name = "boot",
					     .memory = memory,
					     .nr_memory = (size_t)size->nodes };
	struct outcome outcome = { -1, -1 };
	double before = resident(), start;
	char error[256];
	struct rig_machine *machine;

	for (int nid = 0; nid < size->nodes; nid++)
		memory[nid] = (struct rig_memory_range){ .base = size->bytes / size->nodes * nid,
							 .size = size->bytes / size->nodes,
							 .nid = nid };
	start = bench_now();
	machine = rig_machine_create(&config, error, sizeof(error));
	if (!machine) {
		fprintf(stderr, "bench: boot of %s: %s\n", size->name, error);
		return outcome;
	}
	outcome.ms = (bench_now() - start) / 1e6;
	outcome.mib = resident() - before;
	return outcome;
}

/* In a child: what a machine took is gone with it. */
static struct outcome boot_in_child(const struct size *size)
{
	struct outcome outcome = { -1, -1 };
	int ends[2], status;
	pid_t child;

	if (pipe(ends))
		return outcome;
	fflush(NULL);
	child = fork();
	if (!child) {
		outcome = boot(size);
		_exit(write(ends[1], &outcome, sizeof(outcome)) != sizeof(outcome));
	}
	close(ends[1]);
	if (child < 0 || read(ends[0], &outcome, sizeof(outcome)) != sizeof(outcome))
		outcome.ms = outcome.mib = -1;
	close(ends[0]);
	if (child > 0)
		waitpid(child, &status, 0);
	return outcome;
}

static double boot_time(void *data)
{
	return boot_in_child(data).ms;
}

static double boot_memory(void *data)
{
	return boot_in_child(data).mib;
}

void bench_boot(void)
{
	struct bench_group time = {
		.name = "boot", .title = "Boot of a machine", .unit = "ms", .reference = -1
	};
	struct bench_group memory = { .name = "boot",
				      .title = "Memory of the host that a booted machine takes",
				      .unit = "MiB",
				      .reference = -1,
				      .rounds = 3 };

	if (!bench_wanted("boot"))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		bench_add(&time, sizes[i].name, boot_time, (void *)&sizes[i]);
		bench_add(&memory, sizes[i].name, boot_memory, (void *)&sizes[i]);
	}
	bench_run(&time);
	bench_run(&memory);
}
