// SPDX-License-Identifier: GPL-2.0-only
/*
 * From babeltrace2 events to records.
 *
 * For each event class a plan is made once: which member of which structure goes to which slot of
 * a record. Event classes are found by pointer in a small hash table (a reference keeps them,
 * so that a pointer stays theirs). Reading an event then is a walk along its plan.
 *
 * CPU and task of an event come from, in this order: kmemrig:task of its stream, the
 * event's context (tid, procname, perf_tid), its payload (common_pid), the packet's
 * cpu_id. The name of a task that only has a number is what perf_comm and perf_fork told of it.
 *
 * One reader belongs to one component and is used by one thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "table.h"

#define MAX_STEPS 24
#define TABLE_SIZE 4096 /* event classes; a power of two */
#define MAX_STREAMS 4096

enum place { PLACE_PAYLOAD, PLACE_COMMON_CONTEXT, PLACE_SPECIFIC_CONTEXT };

struct step {
	u8 place;
	u8 slot;
	u8 type; /* 0 unsigned, 1 signed, 2 string */
	u16 member;
};

struct plan {
	const bt_event_class *class;
	struct rig_event_name *name;
	unsigned int needed; /* slots without which the event says nothing */
	unsigned int nr_steps;
	bool common, specific;
	struct step steps[MAX_STEPS];
};

struct stream_state {
	const bt_stream *stream;
	int cpu;
	bool has_task;
	int task_cpu;
	int task_pid;
	char task_comm[32];
};

struct rig_reader {
	struct plan *plans[TABLE_SIZE];
	struct plan *last_plan;
	struct stream_state streams[MAX_STREAMS];
	size_t nr_streams;
	struct stream_state *last_stream;
	struct rig_event_name **names;
	size_t nr_names;
	const bt_trace *trace;		 /* the first one */
	struct rig_table names_of_tasks; /* by number: struct task_name */
};

struct task_name {
	char text[32];
};

static const struct {
	const char *name;
	enum rig_kind kind;
} kinds[] = {
	{ "kmem_cache_alloc", RIG_KIND_SLAB_ALLOC },
	{ "kmem_cache_alloc_node", RIG_KIND_SLAB_ALLOC },
	{ "kmalloc", RIG_KIND_KMALLOC },
	{ "kmalloc_node", RIG_KIND_KMALLOC },
	{ "kfree", RIG_KIND_KFREE },
	{ "kmem_cache_free", RIG_KIND_SLAB_FREE },
	{ "mm_page_alloc", RIG_KIND_PAGE_ALLOC },
	{ "mm_page_free", RIG_KIND_PAGE_FREE },
	{ "mm_page_free_direct", RIG_KIND_PAGE_FREE },
	{ "mm_page_free_batched", RIG_KIND_PAGE_FREE_BATCHED },
	{ "mm_page_alloc_zone_locked", RIG_KIND_ZONE_LOCKED },
	{ "mm_page_pcpu_drain", RIG_KIND_PCPU_DRAIN },
	{ "mm_page_alloc_extfrag", RIG_KIND_EXTFRAG },
	{ "rss_stat", RIG_KIND_RSS_STAT },
	{ "kmemrig:task", RIG_KIND_TASK },
	{ "perf_comm", RIG_KIND_PERF_COMM },
	{ "perf_fork", RIG_KIND_PERF_FORK },
};

#define BIT_OF(slot) (1u << (slot))

static const unsigned int needed_slots[RIG_NR_KINDS] = {
	[RIG_KIND_SLAB_ALLOC] =
		BIT_OF(RIG_SLOT_PTR) | BIT_OF(RIG_SLOT_BYTES_REQ) | BIT_OF(RIG_SLOT_BYTES_ALLOC),
	[RIG_KIND_KMALLOC] =
		BIT_OF(RIG_SLOT_PTR) | BIT_OF(RIG_SLOT_BYTES_REQ) | BIT_OF(RIG_SLOT_BYTES_ALLOC),
	[RIG_KIND_KFREE] = BIT_OF(RIG_SLOT_PTR),
	[RIG_KIND_SLAB_FREE] = BIT_OF(RIG_SLOT_PTR),
	[RIG_KIND_PAGE_ALLOC] = BIT_OF(RIG_SLOT_PFN) | BIT_OF(RIG_SLOT_ORDER),
	[RIG_KIND_PAGE_FREE] = BIT_OF(RIG_SLOT_PFN) | BIT_OF(RIG_SLOT_ORDER),
	[RIG_KIND_PAGE_FREE_BATCHED] = BIT_OF(RIG_SLOT_PFN),
	[RIG_KIND_ZONE_LOCKED] = BIT_OF(RIG_SLOT_PFN) | BIT_OF(RIG_SLOT_ORDER),
	[RIG_KIND_PCPU_DRAIN] = BIT_OF(RIG_SLOT_PFN) | BIT_OF(RIG_SLOT_ORDER),
	[RIG_KIND_EXTFRAG] = BIT_OF(RIG_SLOT_PFN),
	[RIG_KIND_TASK] = BIT_OF(RIG_SLOT_CPU) | BIT_OF(RIG_SLOT_PID),
	[RIG_KIND_PERF_COMM] = BIT_OF(RIG_SLOT_PID) | BIT_OF(RIG_SLOT_COMM),
	[RIG_KIND_PERF_FORK] = BIT_OF(RIG_SLOT_PID) | BIT_OF(RIG_SLOT_PARENT),
};

/* Slots without which an event is analysed, but says less. */
static const unsigned int wanted_slots[RIG_NR_KINDS] = {
	[RIG_KIND_SLAB_ALLOC] = BIT_OF(RIG_SLOT_CALL_SITE),
	[RIG_KIND_KMALLOC] = BIT_OF(RIG_SLOT_CALL_SITE),
	[RIG_KIND_PAGE_ALLOC] = BIT_OF(RIG_SLOT_GFP) | BIT_OF(RIG_SLOT_MIGRATETYPE),
	[RIG_KIND_EXTFRAG] = BIT_OF(RIG_SLOT_MIGRATETYPE) | BIT_OF(RIG_SLOT_FALLBACK_MIGRATETYPE),
};

static const struct {
	const char *name;
	enum rig_slot slot;
} fields[] = {
	{ "call_site", RIG_SLOT_CALL_SITE },
	{ "call_site_symbol", RIG_SLOT_SYMBOL },
	{ "ptr", RIG_SLOT_PTR },
	{ "bytes_req", RIG_SLOT_BYTES_REQ },
	{ "bytes_alloc", RIG_SLOT_BYTES_ALLOC },
	{ "gfp_flags", RIG_SLOT_GFP },
	{ "node", RIG_SLOT_NODE },
	{ "pfn", RIG_SLOT_PFN },
	{ "order", RIG_SLOT_ORDER },
	{ "alloc_order", RIG_SLOT_ORDER },
	{ "migratetype", RIG_SLOT_MIGRATETYPE },
	{ "alloc_migratetype", RIG_SLOT_MIGRATETYPE },
	{ "percpu_refill", RIG_SLOT_PERCPU_REFILL },
	{ "fallback_order", RIG_SLOT_FALLBACK_ORDER },
	{ "fallback_migratetype", RIG_SLOT_FALLBACK_MIGRATETYPE },
	{ "change_ownership", RIG_SLOT_CHANGE_OWNERSHIP },
	{ "name", RIG_SLOT_NAME },
	{ "tid", RIG_SLOT_PID },
	{ "vtid", RIG_SLOT_PID },
	{ "pid", RIG_SLOT_PID },
	{ "vpid", RIG_SLOT_PID },
	{ "perf_tid", RIG_SLOT_PID },
	{ "common_pid", RIG_SLOT_PID },
	{ "procname", RIG_SLOT_COMM },
	{ "perf_comm", RIG_SLOT_COMM },
	{ "comm", RIG_SLOT_COMM },
	{ "cpu", RIG_SLOT_CPU },
	{ "ptid", RIG_SLOT_PARENT },
};

enum rig_kind rig_kind_of(const char *name)
{
	const char *short_name = name;

	if (strncmp(name, "kmem:", 5) == 0)
		short_name = name + 5;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(short_name, kinds[i].name) == 0)
			return kinds[i].kind;
		/* LTTng's prefix for the kernel's events */
		if (strncmp(name, "kmem_", 5) == 0 && strcmp(name + 5, kinds[i].name) == 0)
			return kinds[i].kind;
	}
	return RIG_KIND_OTHER;
}

const char *rig_lacking_text(const struct rig_event_name *name, char *text, size_t size)
{
	unsigned int told = 0;
	size_t used = 0;

	*text = '\0';
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]) && used < size; i++) {
		unsigned int bit = BIT_OF(fields[i].slot);

		if (!(name->lacking & bit & ~told))
			continue;
		told |= bit;
		used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
					 fields[i].name);
	}
	return text;
}

struct rig_reader *rig_reader_create(void)
{
	struct rig_reader *reader = calloc(1, sizeof(*reader));

	if (reader)
		rig_table_init(&reader->names_of_tasks, sizeof(struct task_name));
	return reader;
}

void rig_reader_destroy(struct rig_reader *reader)
{
	if (!reader)
		return;
	for (size_t i = 0; i < TABLE_SIZE; i++) {
		if (!reader->plans[i])
			continue;
		bt_event_class_put_ref(reader->plans[i]->class);
		free(reader->plans[i]);
	}
	for (size_t i = 0; i < reader->nr_names; i++) {
		free((char *)reader->names[i]->name);
		free(reader->names[i]);
	}
	bt_trace_put_ref(reader->trace);
	rig_table_fini(&reader->names_of_tasks);
	free(reader->names);
	free(reader);
}

const struct rig_event_name *rig_reader_name(const struct rig_reader *reader, size_t index)
{
	return index < reader->nr_names ? reader->names[index] : NULL;
}

const char *rig_reader_environment(const struct rig_reader *reader, const char *name)
{
	const bt_value *value;

	if (!reader->trace)
		return NULL;
	value = bt_trace_borrow_environment_entry_value_by_name_const(reader->trace, name);
	/* what perf data convert calls it */
	if (!value && strcmp(name, "kernel_release") == 0)
		value = bt_trace_borrow_environment_entry_value_by_name_const(reader->trace,
									      "release");
	return value && bt_value_is_string(value) ? bt_value_string_get(value) : NULL;
}

static struct rig_event_name *find_name(struct rig_reader *reader, const char *text)
{
	struct rig_event_name *name;

	for (size_t i = 0; i < reader->nr_names; i++)
		if (strcmp(reader->names[i]->name, text) == 0)
			return reader->names[i];
	name = calloc(1, sizeof(*name));
	reader->names = realloc(reader->names, (reader->nr_names + 1) * sizeof(*reader->names));
	if (!name || !reader->names)
		abort();
	name->name = strdup(text);
	name->kind = rig_kind_of(text);
	reader->names[reader->nr_names++] = name;
	return name;
}

static int step_type(const bt_field_class *class)
{
	bt_field_class_type type = bt_field_class_get_type(class);

	if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_UNSIGNED_INTEGER))
		return 0;
	if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_SIGNED_INTEGER))
		return 1;
	return bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_STRING) ? 2 : -1;
}

/*
 * Steps for the members of one structure that have a slot which no earlier structure filled. Of
 * two members for one slot the table's earlier name wins: a thread's id before its process's.
 */
static void plan_structure(struct plan *plan, enum place place, const bt_field_class *structure,
			   unsigned int *filled)
{
	for (size_t f = 0; f < sizeof(fields) / sizeof(fields[0]); f++) {
		const bt_field_class_structure_member *member =
			bt_field_class_structure_borrow_member_by_name_const(structure,
									     fields[f].name);
		enum rig_slot slot = fields[f].slot;
		u64 i = 0;
		int type;

		if (!member)
			continue;
		type = step_type(bt_field_class_structure_member_borrow_field_class_const(member));
		while (bt_field_class_structure_borrow_member_by_index_const(structure, i) !=
		       member)
			i++;
		if (type == 2 && slot == RIG_SLOT_CALL_SITE)
			slot = RIG_SLOT_SYMBOL;
		if (type < 0 || i > 0xffff || (type == 2) != (slot >= RIG_NR_NUMBERS) ||
		    (*filled & BIT_OF(slot)) || plan->nr_steps == MAX_STEPS)
			continue;
		plan->steps[plan->nr_steps++] =
			(struct step){ (u8)place, (u8)slot, (u8)type, (u16)i };
		*filled |= BIT_OF(slot);
	}
}

static struct plan *make_plan(struct rig_reader *reader, const bt_event_class *class)
{
	const bt_stream_class *stream_class = bt_event_class_borrow_stream_class_const(class);
	const bt_field_class *common =
		bt_stream_class_borrow_event_common_context_field_class_const(stream_class);
	const bt_field_class *specific =
		bt_event_class_borrow_specific_context_field_class_const(class);
	const bt_field_class *payload = bt_event_class_borrow_payload_field_class_const(class);
	const char *name = bt_event_class_get_name(class);
	struct plan *plan = calloc(1, sizeof(*plan));
	unsigned int filled = 0;

	if (!plan)
		abort();
	plan->class = class;
	bt_event_class_get_ref(class);
	plan->name = find_name(reader, name ? name : "(unnamed)");
	plan->needed = needed_slots[plan->name->kind];
	if (plan->name->kind != RIG_KIND_TASK) {
		if (common)
			plan_structure(plan, PLACE_COMMON_CONTEXT, common, &filled);
		if (specific)
			plan_structure(plan, PLACE_SPECIFIC_CONTEXT, specific, &filled);
	}
	/* the names in other events' payloads may mean something else */
	if (payload && plan->name->kind != RIG_KIND_OTHER)
		plan_structure(plan, PLACE_PAYLOAD, payload, &filled);
	if (filled & BIT_OF(RIG_SLOT_SYMBOL))
		filled |= BIT_OF(RIG_SLOT_CALL_SITE);
	plan->name->lacking |= (plan->needed | wanted_slots[plan->name->kind]) & ~filled;
	return plan;
}

static struct plan *find_plan(struct rig_reader *reader, const bt_event_class *class)
{
	size_t i = ((uintptr_t) class >> 4) * 0x9e3779b97f4a7c15ULL >> 52;

	for (size_t tries = 0; tries < TABLE_SIZE; tries++, i++) {
		struct plan **slot = &reader->plans[i % TABLE_SIZE];

		if (!*slot)
			*slot = make_plan(reader, class);
		if ((*slot)->class == class)
			return *slot;
	}
	abort();
}

static struct stream_state *find_stream(struct rig_reader *reader, const bt_stream *stream)
{
	struct stream_state *state = reader->last_stream;

	if (state && state->stream == stream)
		return state;
	for (size_t i = 0; i < reader->nr_streams; i++)
		if (reader->streams[i].stream == stream)
			return reader->last_stream = &reader->streams[i];
	if (reader->nr_streams == MAX_STREAMS)
		reader->nr_streams = 0;
	state = &reader->streams[reader->nr_streams++];
	*state = (struct stream_state){ .stream = stream };
	if (!reader->trace) {
		reader->trace = bt_stream_borrow_trace_const(stream);
		bt_trace_get_ref(reader->trace);
	}
	return reader->last_stream = state;
}

void rig_reader_packet_begin(struct rig_reader *reader, const bt_packet *packet)
{
	struct stream_state *state = find_stream(reader, bt_packet_borrow_stream_const(packet));
	const bt_field *context = bt_packet_borrow_context_field_const(packet);
	const bt_field *cpu =
		context ? bt_field_structure_borrow_member_field_by_name_const(context, "cpu_id")
			: NULL;

	if (cpu && bt_field_class_type_is(bt_field_get_class_type(cpu),
					  BT_FIELD_CLASS_TYPE_UNSIGNED_INTEGER))
		state->cpu = (int)bt_field_integer_unsigned_get_value(cpu);
}

void rig_reader_stream_end(struct rig_reader *reader, const bt_stream *stream)
{
	struct stream_state *state = find_stream(reader, stream);

	*state = reader->streams[--reader->nr_streams];
	reader->last_stream = NULL;
}

static void set_task(struct stream_state *state, const struct rig_record *record)
{
	const char *comm = rig_record_text(record, RIG_SLOT_COMM);

	state->has_task = true;
	state->task_cpu = (int)record->number[RIG_SLOT_CPU];
	state->task_pid = (int)record->number[RIG_SLOT_PID];
	strncpy(state->task_comm, comm ? comm : "", sizeof(state->task_comm) - 1);
}

static void name_task(struct rig_reader *reader, const struct rig_record *record)
{
	const char *comm = rig_record_text(record, RIG_SLOT_COMM);
	struct task_name name = { "" };
	const struct task_name *parent;

	if (record->kind == RIG_KIND_PERF_COMM) {
		snprintf(name.text, sizeof(name.text), "%s", comm);
	} else {
		parent = rig_table_find(&reader->names_of_tasks,
					(u32)record->number[RIG_SLOT_PARENT]);
		if (parent)
			name = *parent;
	}
	*(struct task_name *)rig_table_put(&reader->names_of_tasks,
					   (u32)record->number[RIG_SLOT_PID], NULL) = name;
}

static const char *name_of_task(const struct rig_reader *reader, int pid)
{
	const struct task_name *name = reader->names_of_tasks.count
					       ? rig_table_find(&reader->names_of_tasks, (u32)pid)
					       : NULL;

	return name ? name->text : "";
}

static void set_origin(const struct rig_reader *reader, struct rig_record *record,
		       const struct stream_state *state)
{
	const char *comm = rig_record_text(record, RIG_SLOT_COMM);

	if (state->has_task) {
		record->cpu = state->task_cpu;
		record->pid = state->task_pid;
		record->comm = state->task_comm;
		return;
	}
	record->cpu = state->cpu;
	record->pid =
		record->present & BIT_OF(RIG_SLOT_PID) ? (int)record->number[RIG_SLOT_PID] : -1;
	record->comm = comm ? comm : name_of_task(reader, record->pid);
}

static void run_plan(const struct plan *plan, const bt_event *event, struct rig_record *record)
{
	const bt_field *places[] = { bt_event_borrow_payload_field_const(event),
				     bt_event_borrow_common_context_field_const(event),
				     bt_event_borrow_specific_context_field_const(event) };

	for (unsigned int i = 0; i < plan->nr_steps; i++) {
		const struct step *step = &plan->steps[i];
		const bt_field *field = bt_field_structure_borrow_member_field_by_index_const(
			places[step->place], step->member);

		record->present |= BIT_OF(step->slot);
		if (step->type == 0)
			record->number[step->slot] = bt_field_integer_unsigned_get_value(field);
		else if (step->type == 1)
			record->number[step->slot] = (u64)bt_field_integer_signed_get_value(field);
		else
			record->text[step->slot - RIG_NR_NUMBERS] =
				bt_field_string_get_value(field);
	}
}

static s64 event_time(const bt_message *message, const bt_event_class *class)
{
	const bt_stream_class *stream_class = bt_event_class_borrow_stream_class_const(class);
	s64 time_ns = 0;

	if (bt_stream_class_borrow_default_clock_class_const(stream_class))
		bt_clock_snapshot_get_ns_from_origin(
			bt_message_event_borrow_default_clock_snapshot_const(message), &time_ns);
	return time_ns;
}

bool rig_reader_read(struct rig_reader *reader, const bt_message *message,
		     struct rig_record *record)
{
	const bt_event *event = bt_message_event_borrow_event_const(message);
	const bt_event_class *class = bt_event_borrow_class_const(event);
	struct plan *plan = reader->last_plan;
	struct stream_state *state;

	if (!plan || plan->class != class)
		plan = reader->last_plan = find_plan(reader, class);
	plan->name->count++;
	record->name = plan->name;
	record->kind = plan->name->kind;
	record->time_ns = event_time(message, class);
	state = find_stream(reader, bt_event_borrow_stream_const(event));
	record->present = 0;
	memset(record->number, 0, sizeof(record->number));
	memset(record->text, 0, sizeof(record->text));
	run_plan(plan, event, record);
	set_origin(reader, record, state);
	if ((record->present & plan->needed) != plan->needed) {
		plan->name->incomplete++;
		return false;
	}
	switch (record->kind) {
	case RIG_KIND_TASK:
		set_task(state, record);
		return false;
	case RIG_KIND_PERF_COMM:
	case RIG_KIND_PERF_FORK:
		name_task(reader, record);
		return false;
	default:
		return record->kind != RIG_KIND_OTHER;
	}
}

int rig_reader_cpu(struct rig_reader *reader, const bt_stream *stream)
{
	const struct stream_state *state = find_stream(reader, stream);

	return state->has_task ? state->task_cpu : state->cpu;
}
