// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of code addresses of this process, by elfutils: functions from the symbol tables (static
 * ones too, unlike dladdr()), lines from the debug information where there is some. A shared object
 * of its own, so that only a process that records call stacks loads elfutils.
 *
 * Locking: the caller's.
 */
#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void kmemrig_symbol(unsigned long address, char *function, size_t function_size, char *line,
		    size_t line_size);

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_linux_proc_find_elf,
	/* by build id, on this machine only: the standard one may ask servers */
	.find_debuginfo = dwfl_build_id_find_debuginfo,
};

static Dwfl *modules;

static bool read_modules(void)
{
	if (!modules)
		modules = dwfl_begin(&callbacks);
	if (!modules)
		return false;
	dwfl_report_begin(modules);
	return dwfl_linux_proc_report(modules, getpid()) == 0 &&
	       dwfl_report_end(modules, NULL, NULL) == 0;
}

static Dwfl_Module *find_module(unsigned long address)
{
	Dwfl_Module *module = modules ? dwfl_addrmodule(modules, address) : NULL;

	/* the first time, or a plug-in that was loaded since */
	return module || !read_modules() ? module : dwfl_addrmodule(modules, address);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/*
 * The function and "file.c:12" of the instruction at @address; where they are not known, the
 * module's file with the offset in it, and "?".
 */
__attribute__((visibility("default"))) void kmemrig_symbol(unsigned long address, char *function,
							   size_t function_size, char *line,
							   size_t line_size)
{
	Dwfl_Module *module = find_module(address);
	const char *name = module ? dwfl_module_addrname(module, address) : NULL;
	Dwfl_Line *source = module ? dwfl_module_getsrc(module, address) : NULL;
	const char *file = NULL;
	int number = 0;

	if (source)
		file = dwfl_lineinfo(source, NULL, &number, NULL, NULL, NULL);
	if (name) {
		snprintf(function, function_size, "%s", name);
	} else if (module) {
		Dwarf_Addr start = 0;
		const char *path =
			dwfl_module_info(module, NULL, &start, NULL, NULL, NULL, NULL, NULL);

		snprintf(function, function_size, "%s+0x%lx", base_name(path ? path : "?"),
			 address - start);
	} else {
		snprintf(function, function_size, "?");
	}
	if (file)
		snprintf(line, line_size, "%s:%d", base_name(file), number);
	else
		snprintf(line, line_size, "?");
}
