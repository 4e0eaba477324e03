// SPDX-License-Identifier: GPL-2.0-only
/* The names that kernels and recorders gave to the events of the table, and to their fields. */
#include <kmemrig/event.h>

#include <string.h>

#include "recording.h"

static const char *const names[] = {
#define EVENT_NAME(system, name) [RIG_EVENT_##name] = #name,
	RIG_KMEM_EVENTS(EVENT_NAME) RIG_OWN_EVENTS(EVENT_NAME)
#undef EVENT_NAME
};

#define NR_NAMES (sizeof(names) / sizeof(names[0]))

/* Kernels before 6.1, and before 3.4. */
static const struct {
	const char *other;
	enum rig_event_id id;
} aliases[] = {
	{ "kmem_cache_alloc_node", RIG_EVENT_kmem_cache_alloc },
	{ "kmalloc_node", RIG_EVENT_kmalloc },
	{ "mm_page_free_direct", RIG_EVENT_mm_page_free },
	{ "mm_pagevec_free", RIG_EVENT_mm_page_free_batched },
};

static int find(const char *name)
{
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (!strcmp(name, aliases[i].other))
			return (int)aliases[i].id;
	for (size_t i = 0; i < NR_NAMES; i++)
		if (names[i] && !strcmp(name, names[i]))
			return (int)i;
	return -1;
}

int rig_recording_event_id(const char *name)
{
	const char *colon = strchr(name, ':');
	int id;

	if (colon && strncmp(name, "kmem:", 5) && strncmp(name, "kmemrig:", 8))
		return -1;
	if (colon)
		name = colon + 1;
	id = find(name);
	/* LTTng puts the system's name in front, but not twice */
	return id < 0 && !strncmp(name, "kmem_", 5) ? find(name + 5) : id;
}

bool rig_recording_needs(const char *field)
{
	static const char *const needed[] = { "ptr",	   "pfn",	"order",
					      "gfp_flags", "bytes_req", "bytes_alloc" };

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!strcmp(field, needed[i]))
			return true;
	return false;
}
