// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of code addresses, for call sites and stack traces: the kernel prints "%pS", this prints
 * the same form, "function+0x12/0x40".
 *
 * The dynamic linker knows exported functions only, so each loaded file's own symbol table is
 * read, once, when an address of it is first asked for, and kept sorted by address for the life of
 * the process. What has no symbol is "file+0xoffset": addresses themselves move from run to run
 * and are never printed. The list of files is the process's; a mutex guards it.
 */
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/kernel.h>

#include "private.h"

struct symbol {
	unsigned long start, size;
	const char *name; /* in the mapped file */
};

struct module {
	char path[256];
	unsigned long base; /* added to the file's addresses */
	struct symbol *symbols;
	size_t nr_symbols;
	struct module *next;
};

static pthread_mutex_t modules_lock = PTHREAD_MUTEX_INITIALIZER;
static struct module *modules;

static int by_address(const void *a, const void *b)
{
	const struct symbol *left = a, *right = b;

	if (left->start != right->start)
		return left->start < right->start ? -1 : 1;
	return strcmp(left->name, right->name);
}

static void take_symbols(struct module *module, const u8 *image, size_t size,
			 const ElfW(Shdr) * table, const ElfW(Shdr) * names)
{
	const ElfW(Sym) *entries = (const void *)(image + table->sh_offset);
	size_t nr = table->sh_size / sizeof(*entries);

	if (table->sh_offset + table->sh_size > size || names->sh_offset + names->sh_size > size)
		return;
	module->symbols = malloc(nr * sizeof(*module->symbols));
	if (!module->symbols)
		return;
	for (size_t i = 0; i < nr; i++) {
		if (ELF64_ST_TYPE(entries[i].st_info) != STT_FUNC || !entries[i].st_size ||
		    entries[i].st_name >= names->sh_size)
			continue;
		module->symbols[module->nr_symbols++] = (struct symbol){
			.start = entries[i].st_value,
			.size = entries[i].st_size,
			.name = (const char *)image + names->sh_offset + entries[i].st_name,
		};
	}
	qsort(module->symbols, module->nr_symbols, sizeof(*module->symbols), by_address);
}

/* The full symbol table where the file has one, otherwise the dynamic one. */
static void read_image(struct module *module, const u8 *image, size_t size)
{
	const ElfW(Ehdr) *header = (const void *)image;
	const ElfW(Shdr) *sections = (const void *)(image + header->e_shoff);

	if (size < sizeof(*header) || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
	    header->e_shoff + header->e_shnum * sizeof(*sections) > size)
		return;
	for (int pass = 0; pass < 2 && !module->symbols; pass++)
		for (unsigned int i = 0; i < header->e_shnum; i++)
			if (sections[i].sh_type == (pass == 0 ? SHT_SYMTAB : SHT_DYNSYM) &&
			    sections[i].sh_link < header->e_shnum) {
				take_symbols(module, image, size, &sections[i],
					     &sections[sections[i].sh_link]);
				break;
			}
}

/* The mapping stays: names point into it. */
static void read_symbols(struct module *module)
{
	int fd = open(module->path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	void *image;

	if (fd < 0)
		return;
	if (fstat(fd, &status) == 0 && status.st_size > 0) {
		image = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (image != MAP_FAILED)
			read_image(module, image, (size_t)status.st_size);
	}
	close(fd);
}

struct search {
	unsigned long address;
	unsigned long base;
	char path[256];
	bool found;
};

static int look_at_object(struct dl_phdr_info *info, size_t size, void *data)
{
	struct search *search = data;

	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		unsigned long start = info->dlpi_addr + segment->p_vaddr;

		if (segment->p_type != PT_LOAD || search->address < start ||
		    search->address - start >= segment->p_memsz)
			continue;
		search->base = info->dlpi_addr;
		search->found = true;
		snprintf(search->path, sizeof(search->path), "%s",
			 info->dlpi_name[0] ? info->dlpi_name : "/proc/self/exe");
		return 1;
	}
	return 0;
}

static struct module *find_module(const struct search *search)
{
	struct module *module;

	for (module = modules; module; module = module->next)
		if (module->base == search->base && !strcmp(module->path, search->path))
			return module;
	module = calloc(1, sizeof(*module));
	if (!module)
		return NULL;
	memcpy(module->path, search->path, sizeof(module->path));
	module->base = search->base;
	read_symbols(module);
	module->next = modules;
	modules = module;
	return module;
}

/* The last symbol that starts at or below the address and reaches over it. */
static const struct symbol *find_symbol(const struct module *module, unsigned long address)
{
	size_t low = 0, high = module->nr_symbols;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (module->symbols[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || address - module->symbols[low - 1].start >= module->symbols[low - 1].size)
		return NULL;
	return &module->symbols[low - 1];
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

const char *rig_symbol(unsigned long address, char *text, size_t text_size)
{
	struct search search = { .address = address };
	const struct symbol *symbol;
	struct module *module = NULL;

	dl_iterate_phdr(look_at_object, &search);
	if (!search.found) {
		/* Of a recorded kernel, or of nothing: the number means the same in every run. */
		snprintf(text, text_size, "0x%lx", address);
		return text;
	}
	pthread_mutex_lock(&modules_lock);
	module = find_module(&search);
	pthread_mutex_unlock(&modules_lock);
	symbol = module ? find_symbol(module, address - search.base) : NULL;
	if (symbol)
		snprintf(text, text_size, "%s+0x%lx/0x%lx", symbol->name,
			 address - search.base - symbol->start, symbol->size);
	else
		snprintf(text, text_size, "%s+0x%lx", file_name(search.path),
			 address - search.base);
	return text;
}
