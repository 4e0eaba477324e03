// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel symbols, sorted by address, from text in the form of /proc/kallsyms ("address type name
 * [module]"): a file of its own, or what a trace.dat file carries. Names stay in the text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kmemrig/recording.h>
#include <kmemrig/symbols.h>

/* A function is not longer; what is farther behind one lies outside of all. */
#define MAX_FUNCTION (1u << 20)

struct symbol {
	u64 address;
	const char *name;
};

struct rig_symbols {
	struct rig_input text;
	struct symbol *symbols;
	size_t nr, capacity;
};

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
	symbols->symbols[symbols->nr++] = (struct symbol){ address, name };
}

/* "ffffffff81000000 T _stext", with the module's name behind a tab. False: another line. */
static bool read_line(struct rig_symbols *symbols, char *line)
{
	char *end, *name;
	u64 address = strtoull(line, &end, 16);

	if (end == line || end[0] != ' ' || !end[1] || end[2] != ' ' || !end[3])
		return false;
	name = end + 3;
	name[strcspn(name, " \t\r")] = '\0';
	if (!*name)
		return false;
	if (strchr("tTwW", end[1]))
		add_symbol(symbols, address, name);
	return true;
}

/* The number of the first line that is none of symbols; 0: all are. */
static unsigned long read_lines(struct rig_symbols *symbols)
{
	bool sorted = true;
	unsigned long number = 0;

	for (char *line = symbols->text.data, *next; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		number++;
		if (!read_line(symbols, line))
			return number;
	}
	for (size_t i = 1; i < symbols->nr && sorted; i++)
		sorted = symbols->symbols[i - 1].address <= symbols->symbols[i].address;
	if (!sorted)
		qsort(symbols->symbols, symbols->nr, sizeof(*symbols->symbols), by_address);
	return 0;
}

struct rig_symbols *rig_symbols_open(const char *path, char *error)
{
	struct rig_symbols *symbols = calloc(1, sizeof(*symbols));
	unsigned long wrong;
	bool good;

	if (!symbols)
		abort();
	if (rig_recording_detect(path, error) == RIG_FORMAT_TRACE_DAT)
		good = rig_recording_symbols(path, &symbols->text, error);
	else
		good = rig_input_read(&symbols->text, path, error);
	wrong = good ? read_lines(symbols) : 0;
	if (wrong)
		snprintf(error, RIG_INPUT_ERROR, "%s:%lu: not a line of kallsyms", path, wrong);
	if (good && !wrong)
		return symbols;
	rig_symbols_close(symbols);
	return NULL;
}

void rig_symbols_close(struct rig_symbols *symbols)
{
	if (!symbols)
		return;
	free(symbols->symbols);
	rig_input_free(&symbols->text);
	free(symbols);
}

static const char *find(const struct rig_symbols *symbols, u64 address, u64 *start)
{
	size_t low = 0, high = symbols->nr;

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
	return address - *start < MAX_FUNCTION ? symbols->symbols[low - 1].name : NULL;
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
