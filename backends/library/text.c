// SPDX-License-Identifier: GPL-2.0-only
/* Formatted text in memory of kernel code, and dumps of bytes and stacks into the log. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/check.h>
#include <kmemrig/fault_control.h>
#include <kmemrig/machine.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>

int vscnprintf(char *buffer, size_t size, const char *format, va_list args)
{
	int length = vsnprintf(buffer, size, format, args);

	if (size == 0 || length < 0)
		return 0;
	return min(length, (int)(size - 1));
}

int scnprintf(char *buffer, size_t size, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vscnprintf(buffer, size, format, args);
	va_end(args);
	return length;
}

static char *format_into_memory(gfp_t gfp, unsigned long caller, const char *format, va_list args)
{
	va_list again;
	char *text;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	text = __kmalloc_node_track_caller((size_t)length + 1, gfp, NUMA_NO_NODE, caller);
	if (text)
		vsnprintf(text, (size_t)length + 1, format, args);
	return text;
}

char *kvasprintf(gfp_t gfp, const char *format, va_list args)
{
	return format_into_memory(gfp, _RET_IP_, format, args);
}

char *kasprintf(gfp_t gfp, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = format_into_memory(gfp, _RET_IP_, format, args);
	va_end(args);
	return text;
}

const char *kvasprintf_const(gfp_t gfp, const char *format, va_list args)
{
	if (!strchr(format, '%'))
		return kstrdup_const(format, gfp);
	if (strcmp(format, "%s") == 0)
		return kstrdup_const(va_arg(args, const char *), gfp);
	return format_into_memory(gfp, _RET_IP_, format, args);
}

void panic(const char *format, ...)
{
	struct rig_cpu *cpu = rig_this_cpu();
	char text[400];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (cpu)
		rig_misuse(cpu, "kernel.panic", "Kernel panic - not syncing: %s", text);
	else
		fprintf(stderr, "Kernel panic - not syncing: %s\n", text);
	fflush(NULL);
	exit(RIG_EXIT_BROKEN);
}

void dump_stack(void)
{
	unsigned long entries[MAX_STACK_TRACE_DEPTH];
	struct rig_cpu *cpu = rig_this_cpu();
	char name[160];
	unsigned int nr;

	if (!cpu)
		return;
	nr = rig_stack_trace(cpu, entries, MAX_STACK_TRACE_DEPTH);
	printk("CPU: %d PID: %d Comm: %s", cpu->id, cpu->task->pid, cpu->task->comm);
	printk("Call Trace:");
	for (unsigned int i = 0; i < nr; i++)
		printk(" %s", rig_symbol(entries[i], name, sizeof(name)));
}

/* One line: the prefix, groups of hex digits, and the characters where they are wanted. */
static void dump_line(const char *prefix, int prefix_type, size_t offset, const u8 *bytes,
		      int count, int rowsize, int groupsize, bool ascii)
{
	char line[200];
	size_t at = 0;

	if (prefix_type == DUMP_PREFIX_OFFSET)
		at += (size_t)scnprintf(line, sizeof(line), "%s%.8zx: ", prefix, offset);
	else if (prefix_type == DUMP_PREFIX_ADDRESS)
		at += (size_t)scnprintf(
			line, sizeof(line), "%s%#llx: ", prefix,
			(unsigned long long)rig_kernel_address(rig_this_cpu()->machine, bytes));
	else
		at += (size_t)scnprintf(line, sizeof(line), "%s", prefix);
	for (int i = 0; i < rowsize; i++) {
		/* Within a group a little-endian number is shown as one. */
		int group = i / groupsize * groupsize,
		    place = group + groupsize - 1 - i % groupsize;

		if (i && i % groupsize == 0)
			at += (size_t)scnprintf(line + at, sizeof(line) - at, " ");
		if (place < count)
			at += (size_t)scnprintf(line + at, sizeof(line) - at, "%02x", bytes[place]);
		else if (ascii)
			at += (size_t)scnprintf(line + at, sizeof(line) - at, "  ");
	}
	if (ascii) {
		at += (size_t)scnprintf(line + at, sizeof(line) - at, "  ");
		for (int i = 0; i < count; i++)
			at += (size_t)scnprintf(line + at, sizeof(line) - at, "%c",
						isprint(bytes[i]) ? bytes[i] : '.');
	}
	printk("%s", line);
}

void print_hex_dump(const char *level, const char *prefix, int prefix_type, int rowsize,
		    int groupsize, const void *buffer, size_t size, bool ascii)
{
	if (rowsize != 16 && rowsize != 32)
		rowsize = 16;
	if (groupsize != 2 && groupsize != 4 && groupsize != 8)
		groupsize = 1;
	for (size_t offset = 0; offset < size; offset += (size_t)rowsize)
		dump_line(prefix, prefix_type, offset, (const u8 *)buffer + offset,
			  (int)min((size_t)rowsize, size - offset), rowsize, groupsize, ascii);
}
