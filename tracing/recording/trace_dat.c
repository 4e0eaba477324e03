// SPDX-License-Identifier: GPL-2.0-only
/*
 * trace.dat (versions 6 and 7) by way of trace-cmd's library, which knows the containers, the
 * compression and the ring buffer's pages. Each CPU's events come in order; they are merged here
 * by time, the lower CPU first where times are equal, as trace-cmd report does.
 *
 * The library believes what a file says of itself. It runs in a child (stream.c), after the file's
 * tables were walked (trace_dat_file.c).
 *
 * What an event holds is described in the file itself: fields become fields of the same name,
 * common_* left out (the task is part of every event). Arrays that are no strings are left out.
 */
#include <event-parse.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <trace-cmd.h>
#include <unistd.h>

#include "recording.h"
#include "trace_dat_file.h"

#define MAX_TYPES 65536
#define CACHE 4096

/* An event format of the file. */
struct format {
	struct rig_recording_class class;
	const struct tep_format_field *fields[RIG_MAX_FIELDS];
	int site; /* call_site's number; -1: none */
};

/* A CPU's packed pages: the library's places count from where their unpacked contents begin. */
struct places {
	struct rig_trace_dat_chunk *chunks;
	u32 nr, current;
	u64 base;
};

struct reading {
	const struct rig_recording_request *request;
	struct rig_out *out;
	struct tracecmd_input *file;
	struct tep_handle *tep;
	struct tep_record **heads; /* [nr_cpus]: next record, or NULL */
	struct places *places;	   /* [nr_cpus]; NULL: pages are not packed */
	int nr_cpus;
	struct format **formats; /* [MAX_TYPES] by the file's event number */
	bool same_endian;	 /* numbers can be read as they are */
	u64 records;
	struct {
		int pid;
		const char *comm;
	} tasks[CACHE];
	struct {
		u64 address;
		const char *name;
	} sites[CACHE];
	struct rig_out_event event;
};

/*
 * What the library prints on standard error, in memory: a look at it costs nothing. Its hook for
 * messages (tep_vprint) can't be used: a plug-in's is not called where the program has one too.
 */
static char *library_says;

#define MAX_SAYS 4096

static bool catch_messages(void)
{
	int fd = memfd_create("kmemrig-messages", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, MAX_SAYS) || dup2(fd, STDERR_FILENO) < 0)
		return false;
	library_says = mmap(NULL, MAX_SAYS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return library_says != MAP_FAILED;
}

/* Its last line, which says what it is about. */
static const char *message(void)
{
	char *line;

	library_says[MAX_SAYS - 1] = '\0';
	while ((line = strrchr(library_says, '\n')) && !line[1 + strspn(line + 1, " \t")])
		*line = '\0';
	line = line ? line + 1 : library_says;
	return line + strspn(line, " \t");
}

static void forget_messages(void)
{
	memset(library_says, 0, MAX_SAYS);
	lseek(STDERR_FILENO, 0, SEEK_SET);
}

static void make_fields(struct format *format, const struct tep_event *event)
{
	struct rig_recording_class *class = &format->class;

	format->site = -1;
	for (const struct tep_format_field *field = event->format.fields; field;
	     field = field->next) {
		struct rig_recording_field *ours = &class->fields[class->nr_fields];

		if (class->nr_fields == RIG_MAX_FIELDS)
			break;
		if (field->flags & TEP_FIELD_IS_STRING)
			ours->type = RIG_FIELD_STRING;
		else if (field->flags & (TEP_FIELD_IS_ARRAY | TEP_FIELD_IS_DYNAMIC) ||
			 (field->size != 1 && field->size != 2 && field->size != 4 &&
			  field->size != 8))
			continue;
		else if (field->flags & TEP_FIELD_IS_POINTER ||
			 strcmp(field->name, "call_site") == 0)
			ours->type = RIG_FIELD_HEX;
		else
			ours->type = field->flags & TEP_FIELD_IS_SIGNED ? RIG_FIELD_SIGNED
									: RIG_FIELD_UNSIGNED;
		if (strcmp(field->name, "call_site") == 0 && ours->type == RIG_FIELD_HEX)
			format->site = (int)class->nr_fields;
		ours->name = field->name;
		ours->bits = ours->type == RIG_FIELD_STRING ? 0 : (unsigned int)field->size * 8;
		format->fields[class->nr_fields++] = field;
	}
}

/* NULL: no event has that number. */
static struct format *find_format(struct reading *reading, int type)
{
	struct format *format;
	struct tep_event *event;
	char name[256];

	if (type < 0 || type >= MAX_TYPES)
		return NULL;
	format = reading->formats[type];
	if (format)
		return format;
	event = tep_find_event(reading->tep, type);
	if (!event || !event->name)
		return NULL;
	format = calloc(1, sizeof(*format));
	if (!format)
		return NULL;
	snprintf(name, sizeof(name), "%s:%s", event->system ? event->system : "", event->name);
	format->class.name = strdup(name);
	make_fields(format, event);
	rig_out_class(reading->out, &format->class);
	reading->formats[type] = format;
	return format;
}

static u64 read_number(const struct reading *reading, const char *at, u64 size)
{
	u64 value = 0;

	if (!reading->same_endian)
		return tep_read_number(reading->tep, at, (int)size);
	memcpy(&value, at, size);
	return value;
}

/* A field's place in the record; false when the record is too short for it. */
static bool locate(const struct reading *reading, const struct tep_record *record,
		   const struct tep_format_field *field, u64 *offset, u64 *size)
{
	*offset = (u64)field->offset;
	*size = (u64)field->size;
	if (field->offset < 0 || *offset + *size > (u64)record->size)
		return false;
	if (field->flags & TEP_FIELD_IS_DYNAMIC) {
		u64 where;

		if (*offset + 4 > (u64)record->size)
			return false;
		where = read_number(reading, (char *)record->data + *offset, 4);
		*offset =
			(where & 0xffff) + (field->flags & TEP_FIELD_IS_RELATIVE ? *offset + 4 : 0);
		*size = where >> 16 & 0xffff;
	} else if (field->flags & TEP_FIELD_IS_STRING && !*size) {
		/* a flexible array: to the record's end */
		*size = (u64)record->size - *offset;
	}
	return *offset + *size <= (u64)record->size;
}

static u64 extend_sign(u64 value, u64 size)
{
	if (size == 1)
		return (u64)(s8)value;
	if (size == 2)
		return (u64)(s16)value;
	return size == 4 ? (u64)(s32)value : value;
}

static bool read_field(struct reading *reading, const struct tep_record *record,
		       const struct format *format, unsigned int i)
{
	enum rig_field_type type = format->class.fields[i].type;
	u64 offset, size;

	if (!locate(reading, record, format->fields[i], &offset, &size))
		return false;
	if (type == RIG_FIELD_STRING) {
		reading->event.text[i] = (const char *)record->data + offset;
		reading->event.length[i] = strnlen(reading->event.text[i], size);
		return true;
	}
	reading->event.number[i] = read_number(reading, (const char *)record->data + offset, size);
	if (type == RIG_FIELD_SIGNED)
		reading->event.number[i] = extend_sign(reading->event.number[i], size);
	return true;
}

/* The library searches for each of these; few differ. */
static const char *task_name(struct reading *reading, int pid)
{
	unsigned int slot = (unsigned int)pid % CACHE;

	if (!reading->tasks[slot].comm || reading->tasks[slot].pid != pid) {
		reading->tasks[slot].pid = pid;
		reading->tasks[slot].comm = tep_data_comm_from_pid(reading->tep, pid);
	}
	return reading->tasks[slot].comm;
}

static const char *function_name(struct reading *reading, u64 address)
{
	u64 slot = (address ^ address >> 12) % CACHE;

	if (reading->sites[slot].address != address) {
		reading->sites[slot].address = address;
		reading->sites[slot].name = tep_find_function(reading->tep, address);
	}
	return reading->sites[slot].name;
}

static int earliest(const struct reading *reading)
{
	int best = -1;

	for (int cpu = 0; cpu < reading->nr_cpus; cpu++)
		if (reading->heads[cpu] &&
		    (best < 0 || reading->heads[cpu]->ts < reading->heads[best]->ts))
			best = cpu;
	return best;
}

/* Where a record is in the file: its own byte, or that of the packed piece that it is in. */
static u64 place_of(struct reading *reading, const struct tep_record *record, int cpu)
{
	struct places *places = reading->places ? &reading->places[cpu] : NULL;
	u64 offset;

	if (!places)
		return record->offset;
	if (!places->nr)
		return 0;
	offset = record->offset - places->base;
	while (places->current + 1 < places->nr &&
	       places->chunks[places->current + 1].unpacked <= offset)
		places->current++;
	return places->chunks[places->current].offset;
}

static void find_places(struct reading *reading)
{
	struct rig_trace_dat_file file;
	int fd = open(reading->request->plain, O_RDONLY | O_CLOEXEC);
	u32 announced;
	u64 end;

	if (fd < 0 ||
	    rig_trace_dat_walk(&file, reading->request->path, fd) == RIG_TRACE_DAT_UNREADABLE ||
	    !file.packed)
		return;
	reading->places = calloc((size_t)reading->nr_cpus + 1, sizeof(*reading->places));
	for (u32 i = 0; reading->places && i < file.nr_data; i++) {
		u32 cpu = file.data[i].cpu;
		struct places *places = &reading->places[cpu];

		if (cpu >= (u32)reading->nr_cpus || places->chunks || !reading->heads[cpu])
			continue;
		places->chunks = rig_trace_dat_chunks(&file, file.data[i].offset, file.data[i].size,
						      &places->nr, &announced, &end);
		places->base = reading->heads[cpu]->offset & ~(u64)(file.page_size - 1);
	}
}

static bool fail(struct reading *reading, u64 place, const char *what)
{
	rig_out_error(reading->out, "%s: event %llu, byte %llu: %s", reading->request->path,
		      (unsigned long long)reading->records, (unsigned long long)place, what);
	return false;
}

static bool send_record(struct reading *reading, struct tep_record *record, int cpu)
{
	struct format *format = find_format(reading, tep_data_type(reading->tep, record));
	struct rig_out_event *event = &reading->event;

	event->position = place_of(reading, record, cpu);
	if (!format)
		return fail(reading, event->position, "of a type that is not described");
	event->class = &format->class;
	event->time_ns = record->ts;
	event->cpu = cpu;
	event->pid = tep_data_pid(reading->tep, record);
	event->comm = task_name(reading, event->pid);
	event->lost = record->missed_events < 0 ? RIG_LOST_SOME : (u64)record->missed_events;
	event->symbol = NULL;
	for (unsigned int i = 0; i < format->class.nr_fields; i++)
		if (!read_field(reading, record, format, i))
			return fail(reading, event->position, "shorter than its fields");
	if (reading->request->symbols && format->site >= 0)
		event->symbol = function_name(reading, event->number[format->site]);
	return rig_out_event(reading->out, event);
}

static void send_all(struct reading *reading)
{
	int cpu;

	while ((cpu = earliest(reading)) >= 0) {
		struct tep_record *record = reading->heads[cpu];
		bool good;

		reading->heads[cpu] = tracecmd_read_data(reading->file, cpu);
		reading->records++;
		good = send_record(reading, record, cpu);
		tracecmd_free_record(record);
		if (!good)
			return;
		if (library_says[0]) {
			fail(reading, reading->event.position, message());
			return;
		}
	}
}

void rig_produce_trace_dat(struct rig_out *out, const struct rig_recording_request *request)
{
	struct reading *reading = calloc(1, sizeof(*reading));

	if (!reading || !catch_messages() ||
	    !(reading->formats = calloc(MAX_TYPES, sizeof(struct format *)))) {
		rig_out_error(out, "%s: no host memory", request->path);
		return;
	}
	reading->request = request;
	reading->out = out;
	reading->file = tracecmd_open(request->plain, TRACECMD_FL_LOAD_NO_PLUGINS);
	if (!reading->file) {
		rig_out_error(out, "%s: corrupt: its metadata can't be read%s%s", request->path,
			      library_says[0] ? ": " : "", library_says[0] ? message() : "");
		return;
	}
	reading->tep = tracecmd_get_tep(reading->file);
	reading->nr_cpus = tep_get_cpus(reading->tep);
	reading->same_endian =
		tep_is_file_bigendian(reading->tep) == tep_is_local_bigendian(reading->tep);
	reading->heads = calloc((size_t)reading->nr_cpus + 1, sizeof(*reading->heads));
	if (!reading->heads) {
		rig_out_error(out, "%s: no host memory", request->path);
		return;
	}
	rig_out_cpus(out, reading->nr_cpus);
	/* what it found odd in the descriptions is no error of an event */
	forget_messages();
	for (int cpu = 0; cpu < reading->nr_cpus; cpu++)
		reading->heads[cpu] = tracecmd_read_cpu_first(reading->file, cpu);
	find_places(reading);
	/* the process ends now: what is open goes with it */
	send_all(reading);
}
