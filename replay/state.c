// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading a recorded state: a line at a time, words cut in place. Nothing is believed: numbers are
 * checked against what they index, so that whoever gets a struct rig_state may use it blindly. The
 * page frames of lists are checked where they are put into a machine.
 */
#include <kmemrig/input.h>
#include <kmemrig/state.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define MAX_OBJECTS_PER_SLAB 32767 /* 15 bits in the kernel */

struct parser {
	struct rig_state *state;
	size_t line;
	char *rest; /* of the line */
	char *error;
	jmp_buf failed;
};

static void __attribute__((noreturn)) fail(struct parser *parser, const char *format, ...)
	__printf(2, 3);

static void __attribute__((noreturn)) fail(struct parser *parser, const char *format, ...)
{
	int used = snprintf(parser->error, RIG_STATE_ERROR, "%s:%zu: ", parser->state->file,
			    parser->line);
	va_list list;

	if (used < 0 || used >= RIG_STATE_ERROR)
		used = 0;
	va_start(list, format);
	vsnprintf(parser->error + used, RIG_STATE_ERROR - (size_t)used, format, list);
	va_end(list);
	longjmp(parser->failed, 1);
}

/* One more zeroed element at the end of an array that grows by doubling; nr is raised. */
static void *grow(struct parser *parser, void *array, size_t *nr, size_t size)
{
	size_t old = *nr;
	void **slot = array, *bigger;

	if (!(old & (old - 1)) || !*slot) {
		bigger = realloc(*slot, (old ? old * 2 : 1) * size);
		if (!bigger)
			fail(parser, "no host memory");
		*slot = bigger;
	}
	memset((char *)*slot + old * size, 0, size);
	*nr = old + 1;
	return (char *)*slot + old * size;
}

#define GROW(parser, array, nr) grow(parser, &(array), &(nr), sizeof(*(array)))

/* The next word, or NULL at the end of the line. */
static char *next_word(struct parser *parser)
{
	char *word = parser->rest + strspn(parser->rest, " \t");

	if (!*word)
		return NULL;
	parser->rest = word + strcspn(word, " \t");
	if (*parser->rest)
		*parser->rest++ = '\0';
	return word;
}

static char *want_word(struct parser *parser, const char *what)
{
	char *word = next_word(parser);

	if (!word)
		fail(parser, "the line ends where %s should be", what);
	return word;
}

static u64 to_number(struct parser *parser, const char *word, int base, u64 max, const char *what)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(word, &end, base);
	if (errno || end == word || *end || *word == '-' || *word == '+' || value > max)
		fail(parser, "'%.60s' is no %s", word, what);
	return value;
}

static u64 want_number(struct parser *parser, int base, u64 max, const char *what)
{
	return to_number(parser, want_word(parser, what), base, max, what);
}

static unsigned int want_uint(struct parser *parser, u64 max, const char *what)
{
	return (unsigned int)want_number(parser, 10, max, what);
}

static unsigned long want_pfn(struct parser *parser)
{
	return want_number(parser, 16, 1UL << 40, "page frame number");
}

static void want_end(struct parser *parser)
{
	char *word = next_word(parser);

	if (word)
		fail(parser, "unexpected '%.60s' at the end of the line", word);
}

/* Index of the zone that records call @number. */
static unsigned int want_zone(struct parser *parser)
{
	struct rig_state *state = parser->state;
	unsigned int number = want_uint(parser, UINT32_MAX, "zone number");

	for (size_t i = 0; i < state->nr_zones; i++)
		if (state->zones[i].number == number)
			return (unsigned int)i;
	fail(parser, "zone %u was not described before", number);
}

static int want_cpu(struct parser *parser)
{
	int cpu = (int)want_uint(parser, RIG_NR_CPUS - 1, "CPU number");

	if (cpu >= parser->state->nr_cpus)
		parser->state->nr_cpus = cpu + 1;
	return cpu;
}

static void parse_lowmem_reserve(struct parser *parser, struct rig_state_zone *zone)
{
	char *word = want_word(parser, "lowmem_reserve"), *rest = word, *part;

	zone->nr_lowmem_reserve = 0;
	while ((part = strsep(&rest, ","))) {
		if (zone->nr_lowmem_reserve == MAX_NR_ZONES)
			fail(parser, "more than %d lowmem reserves", MAX_NR_ZONES);
		zone->lowmem_reserve[zone->nr_lowmem_reserve++] =
			(long)to_number(parser, part, 10, INT64_MAX, "number of pages");
	}
}

static void parse_zone_value(struct parser *parser, struct rig_state_zone *zone, const char *name)
{
	static const struct {
		const char *name;
		size_t offset;
	} numbers[] = {
		{ "start_pfn", offsetof(struct rig_state_zone, start_pfn) },
		{ "spanned", offsetof(struct rig_state_zone, spanned) },
		{ "present", offsetof(struct rig_state_zone, present) },
		{ "managed", offsetof(struct rig_state_zone, managed) },
		{ "wm_min", offsetof(struct rig_state_zone, watermark[0]) },
		{ "wm_low", offsetof(struct rig_state_zone, watermark[1]) },
		{ "wm_high", offsetof(struct rig_state_zone, watermark[2]) },
		{ "wm_boost", offsetof(struct rig_state_zone, watermark_boost) },
		{ "highatomic", offsetof(struct rig_state_zone, highatomic) },
		{ "free", offsetof(struct rig_state_zone, free) },
	};

	if (!strcmp(name, "lowmem_reserve")) {
		parse_lowmem_reserve(parser, zone);
		return;
	}
	if (!strcmp(name, "node")) {
		zone->node = (int)want_uint(parser, MAX_NUMNODES - 1, "node number");
		return;
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!strcmp(name, numbers[i].name)) {
			*(unsigned long *)((char *)zone + numbers[i].offset) =
				want_number(parser, 10, 1UL << 40, "number of pages");
			return;
		}
	fail(parser, "unknown value '%.60s' of a zone", name);
}

static void parse_zone(struct parser *parser)
{
	struct rig_state *state = parser->state;
	struct rig_state_zone *zone, *other;
	unsigned int number = want_uint(parser, UINT32_MAX, "zone number");
	char *word;

	for (size_t i = 0; i < state->nr_zones; i++)
		if (state->zones[i].number == number)
			fail(parser, "zone %u was described in line %zu", number,
			     state->zones[i].line);
	zone = GROW(parser, state->zones, state->nr_zones);
	zone->line = parser->line;
	zone->number = number;
	word = want_word(parser, "the zone's name");
	if (strlen(word) >= sizeof(zone->name))
		fail(parser, "'%.60s' is no zone's name", word);
	strcpy(zone->name, word);
	while ((word = next_word(parser)))
		parse_zone_value(parser, zone, word);
	if (!zone->spanned)
		fail(parser, "zone %s spans no pages", zone->name);
	if (zone->present > zone->spanned || zone->managed > zone->present)
		fail(parser, "zone %s: managed %lu, present %lu, spanned %lu pages", zone->name,
		     zone->managed, zone->present, zone->spanned);
	for (size_t i = 0; i + 1 < state->nr_zones; i++) {
		other = &state->zones[i];
		if (zone->start_pfn < other->start_pfn + other->spanned &&
		    other->start_pfn < zone->start_pfn + zone->spanned)
			fail(parser, "zone %s overlaps zone %s of line %zu", zone->name,
			     other->name, other->line);
	}
	if (zone->node >= state->nr_nodes)
		state->nr_nodes = zone->node + 1;
}

/* Page frames to the end of the line. */
static void parse_pfns(struct parser *parser, struct rig_state_list *list)
{
	const struct rig_state_zone *zone = &parser->state->zones[list->zone];
	unsigned long *pfn;
	char *word;

	while ((word = next_word(parser))) {
		pfn = GROW(parser, list->pfns, list->nr);
		*pfn = to_number(parser, word, 16, 1UL << 40, "page frame number");
		if (*pfn < zone->start_pfn || *pfn >= zone->start_pfn + zone->spanned)
			fail(parser, "page frame %lx is not in zone %s", *pfn, zone->name);
	}
}

static void parse_free(struct parser *parser)
{
	struct rig_state_list *list;
	unsigned int zone = want_zone(parser);

	list = GROW(parser, parser->state->lists, parser->state->nr_lists);
	list->line = parser->line;
	list->zone = zone;
	list->cpu = -1;
	list->order = want_uint(parser, MAX_ORDER - 1, "order");
	list->migratetype = want_uint(parser, MIGRATE_TYPES - 1, "migratetype");
	parse_pfns(parser, list);
}

static void parse_pcplist(struct parser *parser)
{
	struct rig_state_list *list;
	unsigned int zone = want_zone(parser);

	list = GROW(parser, parser->state->lists, parser->state->nr_lists);
	list->line = parser->line;
	list->zone = zone;
	list->cpu = want_cpu(parser);
	list->index = want_uint(parser, NR_PCP_LISTS - 1, "per-CPU list's index");
	parse_pfns(parser, list);
}

static void parse_pcp(struct parser *parser)
{
	struct rig_state_pcp *pcp;
	unsigned int zone = want_zone(parser);
	char *word;

	pcp = GROW(parser, parser->state->pcps, parser->state->nr_pcps);
	pcp->line = parser->line;
	pcp->zone = zone;
	pcp->cpu = want_cpu(parser);
	while ((word = next_word(parser))) {
		int *value = !strcmp(word, "count")	    ? &pcp->count
			     : !strcmp(word, "high")	    ? &pcp->high
			     : !strcmp(word, "batch")	    ? &pcp->batch
			     : !strcmp(word, "free_factor") ? &pcp->free_factor
							    : NULL;

		if (!value)
			fail(parser, "unknown value '%.60s' of per-CPU lists", word);
		*value = (int)want_uint(parser, INT32_MAX, "number");
	}
}

static void parse_pageblocks(struct parser *parser)
{
	struct rig_state *state = parser->state;
	struct rig_state_pageblocks *blocks;
	char *word;

	blocks = GROW(parser, state->pageblocks, state->nr_pageblocks);
	blocks->line = parser->line;
	blocks->start_pfn = want_pfn(parser);
	word = want_word(parser, "'order'");
	if (strcmp(word, "order"))
		fail(parser, "'%.60s' where 'order' should be", word);
	blocks->order = want_uint(parser, MAX_ORDER - 1, "order");
	if (state->pageblock_order && state->pageblock_order != blocks->order)
		fail(parser, "pageblocks of order %u after some of order %u", blocks->order,
		     state->pageblock_order);
	state->pageblock_order = blocks->order;
	for (word = want_word(parser, "migratetypes"); *word; word++) {
		char digit[2] = { *word, '\0' };
		u8 *type = GROW(parser, blocks->migratetypes, blocks->nr);

		*type = (u8)(to_number(parser, digit, 16, 15, "migratetype") & 7);
		if (*type >= MIGRATE_TYPES)
			fail(parser, "'%c' is no migratetype", *digit);
	}
	want_end(parser);
}

static void parse_cache_value(struct parser *parser, struct rig_state_cache *cache,
			      const char *name)
{
	static const struct {
		const char *name;
		int base;
		size_t offset;
	} numbers[] = {
		{ "size", 10, offsetof(struct rig_state_cache, size) },
		{ "object_size", 10, offsetof(struct rig_state_cache, object_size) },
		{ "align", 10, offsetof(struct rig_state_cache, align) },
		{ "fp_offset", 10, offsetof(struct rig_state_cache, fp_offset) },
		{ "inuse", 10, offsetof(struct rig_state_cache, inuse) },
		{ "order", 10, offsetof(struct rig_state_cache, order) },
		{ "objects", 10, offsetof(struct rig_state_cache, objects) },
		{ "min_order", 10, offsetof(struct rig_state_cache, min_order) },
		{ "min_objects", 10, offsetof(struct rig_state_cache, min_objects) },
		{ "flags", 16, offsetof(struct rig_state_cache, flags) },
		{ "allocflags", 16, offsetof(struct rig_state_cache, allocflags) },
		{ "min_partial", 10, offsetof(struct rig_state_cache, min_partial) },
		{ "cpu_partial", 10, offsetof(struct rig_state_cache, cpu_partial) },
		{ "cpu_partial_slabs", 10, offsetof(struct rig_state_cache, cpu_partial_slabs) },
	};

	if (!strcmp(name, "refcount")) {
		/* a cache that may not merge has -1 */
		char *word = want_word(parser, "refcount");

		cache->refcount = !strcmp(word, "-1")
					  ? -1
					  : (int)to_number(parser, word, 10, INT32_MAX, "refcount");
		return;
	}
	if (!strcmp(name, "ctor")) {
		cache->ctor = want_uint(parser, 1, "ctor");
		return;
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!strcmp(name, numbers[i].name)) {
			*(unsigned int *)((char *)cache + numbers[i].offset) =
				(unsigned int)want_number(parser, numbers[i].base, UINT32_MAX,
							  "number");
			return;
		}
	fail(parser, "unknown value '%.60s' of a cache", name);
}

static void parse_cache(struct parser *parser)
{
	struct rig_state *state = parser->state;
	struct rig_state_cache *cache;
	char *word = want_word(parser, "the cache's name");

	for (size_t i = 0; i < state->nr_caches; i++)
		if (!strcmp(state->caches[i].name, word))
			fail(parser, "cache %.60s was described in line %zu", word,
			     state->caches[i].line);
	cache = GROW(parser, state->caches, state->nr_caches);
	cache->line = parser->line;
	cache->name = strdup(word);
	if (!cache->name)
		fail(parser, "no host memory");
	while ((word = next_word(parser)))
		parse_cache_value(parser, cache, word);
	if (!cache->size || cache->object_size > cache->size || cache->order >= MAX_ORDER ||
	    !cache->objects || cache->objects > MAX_OBJECTS_PER_SLAB ||
	    (u64)cache->size * cache->objects > (u64)PAGE_SIZE << cache->order)
		fail(parser, "cache %s: %u objects of %u bytes in a slab of order %u", cache->name,
		     cache->objects, cache->size, cache->order);
}

static unsigned int want_cache(struct parser *parser)
{
	struct rig_state *state = parser->state;
	char *name = want_word(parser, "a cache's name");

	for (size_t i = 0; i < state->nr_caches; i++)
		if (!strcmp(state->caches[i].name, name))
			return (unsigned int)i;
	fail(parser, "cache %.60s was not described before", name);
}

static void parse_objects(struct parser *parser, struct rig_state_slab *slab, unsigned int limit)
{
	char *word;

	while ((word = next_word(parser))) {
		u16 *index = GROW(parser, slab->free, slab->nr_free);

		*index = (u16)to_number(parser, word, 10, limit - 1, "object of that slab");
	}
}

static void want_this(struct parser *parser, const char *expected)
{
	char *word = want_word(parser, expected);

	if (strcmp(word, expected))
		fail(parser, "'%.60s' where '%s' should be", word, expected);
}

static void parse_slab(struct parser *parser, enum rig_state_slab_place place)
{
	struct rig_state_slab *slab;
	unsigned int cache = want_cache(parser);
	u64 limit;

	slab = GROW(parser, parser->state->slabs, parser->state->nr_slabs);
	slab->line = parser->line;
	slab->place = place;
	slab->cache = cache;
	if (place == RIG_STATE_NODE_PARTIAL)
		slab->where = (int)want_uint(parser, MAX_NUMNODES - 1, "node number");
	else if (place != RIG_STATE_FULL)
		slab->where = want_cpu(parser);
	slab->pfn = want_pfn(parser);
	/* a slab of the lowest order, made when memory was short, may hold fewer objects */
	limit = parser->state->caches[cache].objects;
	if (place != RIG_STATE_CPU_FREELIST) {
		want_this(parser, "inuse");
		slab->inuse = want_uint(parser, limit, "number of the slab's objects");
		want_this(parser, "objects");
		slab->objects = want_uint(parser, limit, "number of the slab's objects");
		want_this(parser, "frozen");
		slab->frozen = want_uint(parser, 1, "frozen");
		want_this(parser, "free");
		limit = slab->objects;
	}
	parse_objects(parser, slab, (unsigned int)limit);
}

static void parse_line(struct parser *parser)
{
	char *word = next_word(parser);

	if (!word || *word == '#')
		return;
	if (!strcmp(word, "page_size_struct"))
		parser->state->page_struct_size = want_uint(parser, 4096, "size of struct page");
	else if (!strcmp(word, "zone"))
		parse_zone(parser);
	else if (!strcmp(word, "free"))
		parse_free(parser);
	else if (!strcmp(word, "pcp"))
		parse_pcp(parser);
	else if (!strcmp(word, "pcplist"))
		parse_pcplist(parser);
	else if (!strcmp(word, "pageblocks"))
		parse_pageblocks(parser);
	else if (!strcmp(word, "cache"))
		parse_cache(parser);
	else if (!strcmp(word, "cpu_slab"))
		parse_slab(parser, RIG_STATE_CPU_SLAB);
	else if (!strcmp(word, "cpu_freelist"))
		parse_slab(parser, RIG_STATE_CPU_FREELIST);
	else if (!strcmp(word, "cpu_partial"))
		parse_slab(parser, RIG_STATE_CPU_PARTIAL);
	else if (!strcmp(word, "node_partial"))
		parse_slab(parser, RIG_STATE_NODE_PARTIAL);
	else if (!strcmp(word, "full"))
		parse_slab(parser, RIG_STATE_FULL);
	else
		fail(parser, "unknown record '%.60s'", word);
}

struct rig_state *rig_state_parse(const char *name, char *text, size_t size, char *error)
{
	struct parser parser = { .error = error, .line = 0 };
	char *end = text + size;

	parser.state = calloc(1, sizeof(*parser.state));
	if (parser.state)
		parser.state->file = strdup(name);
	if (!parser.state || !parser.state->file) {
		snprintf(error, RIG_STATE_ERROR, "%s: no host memory", name);
		rig_state_free(parser.state);
		return NULL;
	}
	if (setjmp(parser.failed)) {
		rig_state_free(parser.state);
		return NULL;
	}
	for (char *line = text; line < end;) {
		char *newline = memchr(line, '\n', (size_t)(end - line));

		parser.line++;
		if (!newline)
			newline = end;
		*newline = '\0';
		if (strlen(line) != (size_t)(newline - line))
			fail(&parser, "a NUL byte in the line");
		if (newline > line && newline[-1] == '\r')
			newline[-1] = '\0';
		parser.rest = line;
		parse_line(&parser);
		line = newline + 1;
	}
	if (!parser.state->nr_zones)
		fail(&parser, "the file describes no zone");
	if (!parser.state->nr_cpus)
		parser.state->nr_cpus = 1;
	return parser.state;
}

struct rig_state *rig_state_read(const char *path, char *error)
{
	struct rig_input input;
	struct rig_state *state = NULL;

	if (rig_input_read(&input, path, error))
		state = rig_state_parse(path, input.data, input.size, error);
	rig_input_free(&input);
	return state;
}

void rig_state_free(struct rig_state *state)
{
	if (!state)
		return;
	for (size_t i = 0; i < state->nr_lists; i++)
		free(state->lists[i].pfns);
	for (size_t i = 0; i < state->nr_pageblocks; i++)
		free(state->pageblocks[i].migratetypes);
	for (size_t i = 0; i < state->nr_caches; i++)
		free(state->caches[i].name);
	for (size_t i = 0; i < state->nr_slabs; i++)
		free(state->slabs[i].free);
	free(state->zones);
	free(state->lists);
	free(state->pcps);
	free(state->pageblocks);
	free(state->caches);
	free(state->slabs);
	free(state->file);
	free(state);
}
