// SPDX-License-Identifier: GPL-2.0-only
/* What memblock prints: the log with memblock=debug, the dump of all regions, debugfs files. */
#include <dlfcn.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

void rig_memblock_set_debug(struct rig_memblock *mb, bool debug)
{
	mb->debug = debug;
}

void memblock_log(struct rig_memblock *mb, const char *format, ...)
{
	struct rig_cpu *cpu = rig_this_cpu();
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (mb->ops && mb->ops->print)
		mb->ops->print(mb->ops_data, line);
	else
		rig_log(cpu ? cpu->machine : NULL, "%s", line);
}

/* Without a symbol: the object's name and the offset in it, which do not move with the loader. */
void memblock_format_caller(char *text, size_t size, unsigned long address)
{
	const ElfW(Sym) *symbol = NULL;
	const char *slash;
	Dl_info info;

	if (!dladdr1((void *)address, &info, (void **)&symbol, RTLD_DL_SYMENT)) {
		snprintf(text, size, "0x%lx", address);
		return;
	}
	if (info.dli_sname && symbol) {
		snprintf(text, size, "%s+0x%lx/0x%lx", info.dli_sname,
			 address - (unsigned long)info.dli_saddr, (unsigned long)symbol->st_size);
		return;
	}
	slash = strrchr(info.dli_fname, '/');
	snprintf(text, size, "%s+0x%lx", slash ? slash + 1 : info.dli_fname,
		 address - (unsigned long)info.dli_fbase);
}

void memblock_trace_range(struct rig_memblock *mb, const char *function, phys_addr_t base,
			  phys_addr_t size, unsigned long caller)
{
	char from[128];

	if (likely(!mb->debug))
		return;
	memblock_format_caller(from, sizeof(from), caller);
	memblock_log(mb, "%s: [0x%016llx-0x%016llx] %s", function, (unsigned long long)base,
		     (unsigned long long)(base + size - 1), from);
}

static void dump_type(struct rig_memblock *mb, const struct memblock_type *type)
{
	memblock_log(mb, " %s.cnt  = 0x%lx", type->name, type->cnt);
	for (unsigned long i = 0; i < type->cnt; i++) {
		const struct memblock_region *region = &type->regions[i];
		char node[32] = "";

		if (region->nid != MAX_NUMNODES)
			snprintf(node, sizeof(node), " on node %d", region->nid);
		memblock_log(mb, " %s[%#x]\t[0x%016llx-0x%016llx], 0x%016llx bytes%s flags: %#x",
			     type->name, (unsigned int)i, (unsigned long long)region->base,
			     (unsigned long long)(region_end(region) - 1),
			     (unsigned long long)region->size, node, region->flags);
	}
}

void rig_memblock_dump(struct rig_memblock *mb)
{
	memblock_log(mb, "MEMBLOCK configuration:");
	memblock_log(mb, " memory size = 0x%016llx reserved size = 0x%016llx",
		     (unsigned long long)mb->map->memory.total_size,
		     (unsigned long long)mb->map->reserved.total_size);
	dump_type(mb, &mb->map->memory);
	dump_type(mb, &mb->map->reserved);
	if (mb->physmem->regions[0].size)
		dump_type(mb, mb->physmem);
}

char *rig_memblock_show(const struct memblock_type *type)
{
	size_t size = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (unsigned long i = 0; i < type->cnt; i++)
		fprintf(out, "%4lu: 0x%016llx..0x%016llx\n", i,
			(unsigned long long)type->regions[i].base,
			(unsigned long long)(region_end(&type->regions[i]) - 1));
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}
