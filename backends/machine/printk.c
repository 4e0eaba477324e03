// SPDX-License-Identifier: GPL-2.0-only
/* printk: lines of kernel code for the log of the machine that the thread drives. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <kmemrig/check.h>
#include <kmemrig/cpu.h>
#include <linux/printk.h>

int printk(const char *format, ...)
{
	struct rig_cpu *cpu = rig_this_cpu();
	char line[1024];
	va_list args;
	size_t length;

	if (format[0] == KERN_SOH[0] && format[1])
		format += 2;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	length = strlen(line);
	if (length && line[length - 1] == '\n')
		line[--length] = '\0';
	rig_log(cpu ? cpu->machine : NULL, "%s", line);
	return (int)length;
}
