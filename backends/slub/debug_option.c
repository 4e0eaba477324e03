// SPDX-License-Identifier: GPL-2.0-only
/*
 * slub_debug=FLAGS[,cache,cache*...][;FLAGS,cache...]: which debugging for which caches
 * (setup_slub_debug, kmem_cache_flags in mm/slub.c). Flags: F consistency checks, Z red zones,
 * P poison, U users, T trace, A failslab, O none where slabs would grow, - nothing; none at all
 * means FZPU.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "slub.h"

#define DEBUG_DEFAULT_FLAGS                                                                        \
	(SLAB_CONSISTENCY_CHECKS | SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER)

/* A block of the option: flags, and the list of names behind them or NULL. */
struct block {
	slab_flags_t flags;
	const char *names;
	size_t names_length;
	bool no_higher_order;
};

static slab_flags_t flag_of(char letter)
{
	switch (tolower((unsigned char)letter)) {
	case 'f':
		return SLAB_CONSISTENCY_CHECKS;
	case 'z':
		return SLAB_RED_ZONE;
	case 'p':
		return SLAB_POISON;
	case 'u':
		return SLAB_STORE_USER;
	case 't':
		return SLAB_TRACE;
	case 'a':
		return SLAB_FAILSLAB;
	default:
		return 0;
	}
}

/* Reads the block at @text; returns the next one's start, NULL: there is none. */
static const char *read_block(const char *text, struct block *block)
{
	memset(block, 0, sizeof(*block));
	text += strspn(text, ";");
	if (*text == ',')
		block->flags = DEBUG_DEFAULT_FLAGS;
	for (; *text && *text != ',' && *text != ';'; text++) {
		if (*text == '-')
			block->flags = 0;
		else if (tolower((unsigned char)*text) == 'o')
			block->no_higher_order = true;
		else
			block->flags |= flag_of(*text);
	}
	if (*text == ',') {
		block->names = text + 1;
		block->names_length = strcspn(block->names, ";");
		text = block->names + block->names_length;
	}
	text += strspn(text, ";");
	return *text ? text : NULL;
}

void slub_read_debug_option(struct slub_machine *m, const char *text)
{
	bool global_changed = false, names_given = false;
	slab_flags_t global = DEBUG_DEFAULT_FLAGS;
	const char *at = text;
	struct block block;

	if (!*text) {
		m->debug = DEBUG_DEFAULT_FLAGS;
		return;
	}
	while (at) {
		at = read_block(at, &block);
		m->no_higher_order_debug |= block.no_higher_order;
		if (block.names) {
			names_given = true;
		} else {
			global = block.flags;
			global_changed = true;
		}
	}
	/* Names alone change nothing for the others. */
	if (names_given && !global_changed)
		global = 0;
	if (names_given)
		m->debug_string = strdup(text);
	m->debug = global;
}

static bool name_matches(const struct block *block, const char *name)
{
	const char *at = block->names, *end = block->names + block->names_length;

	while (at < end) {
		size_t length = strcspn(at, ",;");
		const char *star = memchr(at, '*', length);
		size_t compared = star ? (size_t)(star - at) : max(strlen(name), length);

		if (compared <= length && strncmp(name, at, compared) == 0)
			return true;
		at += length + 1;
	}
	return false;
}

slab_flags_t slub_cache_flags(struct rig_machine *machine, unsigned int object_size,
			      slab_flags_t flags, const char *name)
{
	const struct slub_machine *m = slub_machine(machine);
	slab_flags_t global = m->debug;
	const char *at = m->debug_string;
	struct block block;

	if (flags & SLAB_NO_USER_FLAGS)
		return flags;
	if (flags & SLAB_NOLEAKTRACE)
		global &= ~SLAB_STORE_USER;
	while (at) {
		at = read_block(at, &block);
		if (block.names && name_matches(&block, name))
			return flags | block.flags;
	}
	return flags | global;
}
