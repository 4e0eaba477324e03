// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel symbols, sorted by address. kallsyms is text ("address type name [module]"); a trace.dat
 * file carries the same text, which trace-cmd's library parses.
 */
#include <errno.h>
#include <event-parse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <trace-cmd.h>

#include "symbols.h"

struct symbol {
	u64 address;
	char *name;
};

struct rig_symbols {
	struct symbol *symbols;
	size_t nr, capacity;
	struct tracecmd_input *file;
	struct tep_handle *tep; /* of our file, or of a source's */
};

static __thread struct {
	const char *path;
	struct tep_handle *tep;
} offered;

void rig_symbols_offer(const char *path, struct tep_handle *tep)
{
	offered.path = path;
	offered.tep = tep;
}

void rig_symbols_withdraw(struct tep_handle *tep)
{
	if (offered.tep == tep)
		rig_symbols_offer(NULL, NULL);
}

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

static void add_symbol(struct rig_symbols *symbols, u64 address, const char *name)
{
	if (symbols->nr == symbols->capacity) {
		symbols->capacity = symbols->capacity ? symbols->capacity * 2 : 1024;
		symbols->symbols =
			realloc(symbols->symbols, symbols->capacity * sizeof(*symbols->symbols));
		if (!symbols->symbols)
			abort();
	}
	symbols->symbols[symbols->nr++] = (struct symbol){ address, strdup(name) };
}

static int read_kallsyms(struct rig_symbols *symbols, FILE *file, const char *path, char *error,
			 size_t error_size)
{
	char line[512], name[256], type;
	unsigned long long address;

	for (unsigned long number = 1; fgets(line, sizeof(line), file); number++) {
		if (sscanf(line, "%llx %c %255s", &address, &type, name) != 3) {
			snprintf(error, error_size, "%s:%lu: not a line of kallsyms", path, number);
			return -EINVAL;
		}
		if (type == 't' || type == 'T' || type == 'w' || type == 'W')
			add_symbol(symbols, address, name);
	}
	qsort(symbols->symbols, symbols->nr, sizeof(*symbols->symbols), by_address);
	return 0;
}

struct rig_symbols *rig_symbols_open(const char *path, char *error, size_t error_size)
{
	struct rig_symbols *symbols = calloc(1, sizeof(*symbols));
	unsigned char magic[3] = { 0 };
	FILE *file = fopen(path, "r");
	int result = 0;

	if (symbols && file && offered.path && strcmp(path, offered.path) == 0) {
		fclose(file);
		symbols->tep = offered.tep;
		return symbols;
	}
	if (!symbols || !file) {
		snprintf(error, error_size, "%s: %s", path, strerror(errno));
		free(symbols);
		return NULL;
	}
	if (fread(magic, 1, 3, file) == 3 && magic[0] == 0x17 && magic[1] == 0x08 &&
	    magic[2] == 0x44) {
		symbols->file = tracecmd_open((char *)path, 0);
		if (!symbols->file) {
			snprintf(error, error_size, "%s: trace-cmd's library can't read it", path);
			result = -EINVAL;
		} else {
			symbols->tep = tracecmd_get_tep(symbols->file);
		}
	} else {
		rewind(file);
		result = read_kallsyms(symbols, file, path, error, error_size);
	}
	fclose(file);
	if (result) {
		rig_symbols_close(symbols);
		return NULL;
	}
	return symbols;
}

void rig_symbols_close(struct rig_symbols *symbols)
{
	if (!symbols)
		return;
	for (size_t i = 0; i < symbols->nr; i++)
		free(symbols->symbols[i].name);
	free(symbols->symbols);
	if (symbols->file)
		tracecmd_close(symbols->file);
	free(symbols);
}

static const char *find(const struct rig_symbols *symbols, u64 address, u64 *start)
{
	size_t low = 0, high = symbols->nr;

	if (symbols->tep) {
		const char *name = tep_find_function(symbols->tep, address);

		*start = name ? tep_find_function_address(symbols->tep, address) : 0;
		return name;
	}
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (symbols->symbols[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	*start = symbols->symbols[low - 1].address;
	return address - *start < 1 << 20 ? symbols->symbols[low - 1].name : NULL;
}

const char *rig_symbols_text(const struct rig_symbols *symbols, u64 address, char *text,
			     size_t size)
{
	u64 start = 0;
	const char *name = symbols && address ? find(symbols, address, &start) : NULL;

	if (name)
		snprintf(text, size, "%s+0x%llx", name, (unsigned long long)(address - start));
	else
		snprintf(text, size, "0x%llx", (unsigned long long)address);
	return text;
}
