// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel log, and what happens when a contract or an invariant is broken: the report is
 * written, the event kmemrig:check_failed is emitted, then the machine's policy decides.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kmemrig/check.h>
#include <kmemrig/machine.h>
#include <linux/bug.h>

__thread struct rig_cpu *rig_current_cpu __attribute__((tls_model("initial-exec")));

static void print_line(struct rig_machine *machine, const char *line)
{
	if (machine && machine->check && machine->check->print)
		machine->check->print(machine, line, machine->check->print_data);
	else
		fprintf(stderr, "%s\n", line);
}

void rig_log(struct rig_machine *machine, const char *format, ...)
{
	char line[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	print_line(machine, line);
}

/* A good place for a breakpoint: everything that fails passes here once. */
static noinline void failure_seen(struct rig_machine *machine, const char *check, const char *text)
{
	struct rig_check_policy *policy = machine->check;

	policy->failures++;
	snprintf(policy->last_check, sizeof(policy->last_check), "%s", check);
	if (policy->hook)
		policy->hook(machine, check, text, policy->hook_data);
}

static void act_on_policy(const struct rig_machine *machine)
{
	switch (machine->check->on_failure) {
	case RIG_FAILURE_EXIT:
		fflush(NULL);
		exit(RIG_EXIT_BROKEN);
	case RIG_FAILURE_ABORT:
		fflush(NULL);
		abort();
	case RIG_FAILURE_COUNT:
		break;
	}
}

static bool may_print(struct rig_check_policy *policy)
{
	return policy->print_limit == 0 || policy->printed++ < policy->print_limit;
}

void rig_misuse(struct rig_cpu *cpu, const char *check, const char *format, ...)
{
	struct rig_machine *machine = cpu->machine;
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	RIG_TRACE(cpu, check_failed, .check = check, .detail = text);
	failure_seen(machine, check, text);
	if (may_print(machine->check)) {
		rig_log(machine, "BUG: %s", text);
		rig_log(machine, "check: %s  CPU: %d PID: %d Comm: %s  time: %llu ns", check,
			cpu->id, cpu->task->pid, cpu->task->comm,
			(unsigned long long)machine->clock_ns);
	}
	act_on_policy(machine);
}

void rig_broken(struct rig_machine *machine, const struct rig_verdict *verdict)
{
	RIG_TRACE(&machine->cpus[0], check_failed, .check = verdict->name,
		  .detail = verdict->detail);
	failure_seen(machine, verdict->name, verdict->detail);
	if (may_print(machine->check))
		rig_log(machine, "broken invariant: %s: %s", verdict->name, verdict->detail);
	act_on_policy(machine);
}

bool rig_fails(struct rig_verdict *verdict, const char *name, const char *format, ...)
{
	va_list args;

	verdict->name = name;
	va_start(args, format);
	vsnprintf(verdict->detail, sizeof(verdict->detail), format, args);
	va_end(args);
	return false;
}

void rig_bug(const char *file, int line, const char *function)
{
	struct rig_cpu *cpu = rig_this_cpu();

	if (cpu)
		rig_misuse(cpu, "kernel.bug", "kernel BUG at %s:%d (%s)", file, line, function);
	else
		fprintf(stderr, "kernel BUG at %s:%d (%s)\n", file, line, function);
	/* BUG does not return, whatever the policy says. */
	fflush(NULL);
	exit(RIG_EXIT_BROKEN);
}

void rig_warn(const char *file, int line, const char *function)
{
	struct rig_cpu *cpu = rig_this_cpu();

	rig_log(cpu ? cpu->machine : NULL, "WARNING: CPU: %d PID: %d at %s:%d %s",
		cpu ? cpu->id : -1, cpu ? cpu->task->pid : 0, file, line, function);
}
