// SPDX-License-Identifier: GPL-2.0-only
/*
 * trace.dat (versions 6 and 7) by way of trace-cmd's library, which knows the containers, the
 * compression and the ring buffer's pages. Each CPU's events come in order; they are merged here
 * by time, the lower CPU first where times are equal, as trace-cmd report does.
 *
 * The library believes what a file says of itself, and crashes on some damaged ones. So the file's
 * tables are checked first (rig_tracedat_check), and then a child process opens it: what ends
 * that child does not end us. Of a file that was cut off the events that are there are read.
 *
 * What an event holds is described in the file itself: fields become fields of the same name,
 * common_* left out (the task is part of every event). Arrays that are no strings are left out.
 */
#include <errno.h>
#include <event-parse.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <trace-cmd.h>
#include <unistd.h>

#include <kmemrig/trace_event.h>

#include "input.h"
#include "symbols.h"
#include "table.h"

#define MAX_STRING 4096

struct trace_dat {
	struct rig_input input;
	char *path;
	struct tracecmd_input *file;
	struct tep_handle *tep;
	struct tep_record **heads; /* [nr_cpus]: next record, or NULL */
	int nr_cpus;
	struct tep_record *record;
	struct rig_table classes; /* by event id: struct rig_input_class * */
	bool same_endian;	  /* numbers can be read as they are */
	int last_pid;
	const char *last_comm;
	char strings[RIG_MAX_FIELDS][MAX_STRING];
	u64 records;
	int copy;		   /* of a file that was cut off, filled up; -1: none */
	char cut[RIG_TRACE_ERROR]; /* where it was cut; "" */
};

static char library_says[300];
static bool library_complained;

/* trace-cmd's library reports through this hook of traceevent; kept for our own message. */
int tep_vprint(const char *name, enum tep_loglevel level, bool print_err, const char *format,
	       va_list args)
{
	if (level <= TEP_LOG_ERROR) {
		vsnprintf(library_says, sizeof(library_says), format, args);
		library_says[strcspn(library_says, "\n")] = '\0';
		library_complained = true;
	}
	return 0;
}

static void make_fields(struct rig_input_class *class, const struct tep_event *event)
{
	for (const struct tep_format_field *field = event->format.fields; field;
	     field = field->next) {
		struct rig_input_field *ours = &class->fields[class->nr_fields];

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
		ours->name = field->name;
		ours->bits = (unsigned int)field->size * 8;
		ours->data = field;
		class->nr_fields++;
	}
}

/* NULL: no event has that number. */
static struct rig_input_class *find_class(struct trace_dat *dat, int id)
{
	struct rig_input_class **slot = rig_table_find(&dat->classes, (u64)id);
	struct tep_event *event;
	char name[256];

	if (slot)
		return *slot;
	event = tep_find_event(dat->tep, id);
	if (!event)
		return NULL;
	slot = rig_table_put(&dat->classes, (u64)id, NULL);
	*slot = calloc(1, sizeof(**slot));
	if (!*slot)
		abort();
	snprintf(name, sizeof(name), "%s:%s", event->system, event->name);
	(*slot)->name = strdup(name);
	make_fields(*slot, event);
	return *slot;
}

static u64 read_number(const struct trace_dat *dat, const char *at, u64 size)
{
	u64 value = 0;

	if (!dat->same_endian)
		return tep_read_number(dat->tep, at, (int)size);
	memcpy(&value, at, size);
	return value;
}

/* A field's place in the record; false when the record is too short for it. */
static bool locate(const struct trace_dat *dat, const struct tep_record *record,
		   const struct tep_format_field *field, u64 *offset, u64 *size)
{
	*offset = (u64)field->offset;
	*size = (u64)field->size;
	if (*offset + *size > (u64)record->size)
		return false;
	if (field->flags & TEP_FIELD_IS_DYNAMIC) {
		u64 where = read_number(dat, (char *)record->data + *offset, 4);

		if (field->flags & TEP_FIELD_IS_RELATIVE)
			*offset += 4 + (where & 0xffff);
		else
			*offset = where & 0xffff;
		*size = where >> 16 & 0xffff;
	}
	return *offset + *size <= (u64)record->size;
}

static bool read_field(struct trace_dat *dat, const struct tep_record *record, unsigned int i,
		       struct rig_input_event *event)
{
	const struct rig_input_field *ours = &event->class->fields[i];
	const struct tep_format_field *field = ours->data;
	const char *data = record->data;
	u64 offset, size;

	if (!locate(dat, record, field, &offset, &size))
		return false;
	if (ours->type == RIG_FIELD_STRING) {
		size_t length = strnlen(data + offset, size < MAX_STRING ? size : MAX_STRING - 1);

		if (length < size) {
			event->text[i] = data + offset;
			return true;
		}
		memcpy(dat->strings[i], data + offset, length);
		dat->strings[i][length] = '\0';
		event->text[i] = dat->strings[i];
		return true;
	}
	event->number[i] = read_number(dat, data + offset, size);
	if (ours->type == RIG_FIELD_SIGNED) {
		if (size == 1)
			event->number[i] = (u64)(s8)event->number[i];
		else if (size == 2)
			event->number[i] = (u64)(s16)event->number[i];
		else if (size == 4)
			event->number[i] = (u64)(s32)event->number[i];
	}
	return true;
}

static int earliest(const struct trace_dat *dat)
{
	int best = -1;

	for (int cpu = 0; cpu < dat->nr_cpus; cpu++)
		if (dat->heads[cpu] && (best < 0 || dat->heads[cpu]->ts < dat->heads[best]->ts))
			best = cpu;
	return best;
}

static enum rig_input_result fail(struct trace_dat *dat, const char *what)
{
	if (dat->cut[0]) /* zeroes stand where data is missing */
		snprintf(dat->input.error, sizeof(dat->input.error), "%s", dat->cut);
	else
		snprintf(dat->input.error, sizeof(dat->input.error), "%s: event %llu: %s",
			 dat->path, (unsigned long long)dat->records, what);
	return RIG_INPUT_ERROR;
}

static enum rig_input_result next_event(struct rig_input *input, struct rig_input_event *event)
{
	struct trace_dat *dat = (struct trace_dat *)input;
	int cpu;

	tracecmd_free_record(dat->record);
	dat->record = NULL;
	if (library_complained)
		return fail(dat, library_says);
	cpu = earliest(dat);
	if (cpu < 0 && dat->cut[0]) {
		snprintf(input->error, sizeof(input->error), "%s", dat->cut);
		return RIG_INPUT_ERROR;
	}
	if (cpu < 0)
		return RIG_INPUT_END;
	dat->record = dat->heads[cpu];
	dat->heads[cpu] = tracecmd_read_data(dat->file, cpu);
	dat->records++;
	event->class = find_class(dat, tep_data_type(dat->tep, dat->record));
	if (!event->class)
		return fail(dat, "of an unknown type");
	event->time_ns = (s64)dat->record->ts;
	event->cpu = cpu;
	event->pid = tep_data_pid(dat->tep, dat->record);
	if (!dat->last_comm || event->pid != dat->last_pid) {
		dat->last_pid = event->pid;
		dat->last_comm = tep_data_comm_from_pid(dat->tep, event->pid);
	}
	event->comm = dat->last_comm;
	event->missed = dat->record->missed_events < 0 ? ~0ULL : (u64)dat->record->missed_events;
	for (unsigned int i = 0; i < event->class->nr_fields; i++)
		if (!read_field(dat, dat->record, i, event))
			return fail(dat, "shorter than its fields");
	return RIG_INPUT_EVENT;
}

static void close_file(struct rig_input *input)
{
	struct trace_dat *dat = (struct trace_dat *)input;
	struct rig_input_class **class;
	size_t position = 0;
	u64 id;

	tracecmd_free_record(dat->record);
	for (int cpu = 0; cpu < dat->nr_cpus; cpu++)
		tracecmd_free_record(dat->heads[cpu]);
	while ((class = rig_table_next(&dat->classes, &position, &id))) {
		free((char *)(*class)->name);
		free(*class);
	}
	rig_table_fini(&dat->classes);
	if (dat->tep)
		rig_symbols_withdraw(dat->tep);
	if (dat->file)
		tracecmd_close(dat->file);
	if (dat->copy >= 0)
		close(dat->copy);
	free(dat->heads);
	free(dat->path);
	free(dat);
}

/* Opens the file and reads a first record of each CPU; the child's way to end is the answer. */
static bool opens_in_a_child(const char *path)
{
	pid_t child;
	int status;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		int null = open("/dev/null", O_WRONLY);
		struct tracecmd_input *file;

		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		file = tracecmd_open(path, TRACECMD_FL_LOAD_NO_PLUGINS);
		if (!file)
			_exit(1);
		for (int cpu = 0; cpu < tep_get_cpus(tracecmd_get_tep(file)); cpu++)
			tracecmd_free_record(tracecmd_read_cpu_first(file, cpu));
		_exit(0);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* A copy in memory of a file that was cut off, zeroes where data is missing; its descriptor. */
static int fill_up(const char *path, u64 wanted)
{
	int copy = memfd_create("trace.dat", MFD_CLOEXEC);
	int file = open(path, O_RDONLY | O_CLOEXEC);
	char block[65536];
	ssize_t length;

	while (file >= 0 && copy >= 0 && (length = read(file, block, sizeof(block))) > 0)
		if (write(copy, block, (size_t)length) != length)
			break;
	if (file >= 0)
		close(file);
	if (copy >= 0 && ftruncate(copy, (off_t)wanted)) {
		close(copy);
		copy = -1;
	}
	return copy;
}

/* The path to open: the file's, or that of its filled-up copy. NULL: @error says why not. */
static const char *readable_path(struct trace_dat *dat, char *copy_path, size_t size, char *error)
{
	char reason[RIG_TRACE_ERROR] = "";
	u64 wanted;
	enum rig_tracedat_state state = rig_tracedat_check(dat->path, dat->path, &wanted, reason);
	const char *path = dat->path;

	if (state == RIG_TRACEDAT_UNREADABLE) {
		snprintf(error, RIG_TRACE_ERROR, "%s", reason);
		return NULL;
	}
	if (state == RIG_TRACEDAT_CUT) {
		snprintf(dat->cut, sizeof(dat->cut), "%s", reason);
		dat->copy = fill_up(dat->path, wanted);
		snprintf(copy_path, size, "/proc/self/fd/%d", dat->copy);
		path = copy_path;
	}
	if (opens_in_a_child(path))
		return path;
	snprintf(error, RIG_TRACE_ERROR, "%s: damaged: trace-cmd's library can't open it",
		 dat->path);
	return NULL;
}

struct rig_input *rig_trace_dat_open(const char *path, char *error, size_t error_size)
{
	struct trace_dat *dat = calloc(1, sizeof(*dat));
	char copy_path[32], reason[RIG_TRACE_ERROR];
	const char *readable;

	if (!dat)
		abort();
	library_complained = false;
	dat->path = strdup(path);
	dat->copy = -1;
	dat->input.next = next_event;
	dat->input.close = close_file;
	dat->input.symbols = dat->path;
	rig_table_init(&dat->classes, sizeof(struct rig_input_class *));
	readable = readable_path(dat, copy_path, sizeof(copy_path), reason);
	dat->file = readable ? tracecmd_open(readable, TRACECMD_FL_LOAD_NO_PLUGINS) : NULL;
	if (!dat->file) {
		snprintf(error, error_size, "%s", readable ? "can't be opened twice" : reason);
		close_file(&dat->input);
		return NULL;
	}
	dat->tep = tracecmd_get_tep(dat->file);
	dat->nr_cpus = tep_get_cpus(dat->tep);
	dat->heads = calloc((size_t)dat->nr_cpus + 1, sizeof(*dat->heads));
	rig_symbols_offer(dat->path, dat->tep);
	dat->same_endian = tep_is_file_bigendian(dat->tep) == tep_is_local_bigendian(dat->tep);
	for (int cpu = 0; cpu < dat->nr_cpus; cpu++)
		dat->heads[cpu] = tracecmd_read_cpu_first(dat->file, cpu);
	return &dat->input;
}
