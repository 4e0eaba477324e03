// SPDX-License-Identifier: GPL-2.0-only
/*
 * sink.kmemrig.summary and sink.kmemrig.report: read all events, analyse them, show the result when
 * the trace ends. When it ends with an error (truncated, damaged), what came before is shown
 * first and then the error passed on.
 *
 * Parameters (babeltrace2 -c sink.kmemrig.summary -p 'limit=50,sort="live"'):
 *	format		"text" or "json" (report is HTML)
 *	output		file to write; standard output, or kmemrig-report.html
 *	report		file to write as HTML besides (summary)
 *	title		what the trace is called; its own name
 *	sort		bytes, hits, live, waste, frag, ping-pong, lifetime
 *	limit		rows of a table; 20; 0: all
 *	perf		true: also what perf kmem stat counts, by call site and by object
 *	cpu, pid	only events of that CPU, of that task
 *	comm		only of tasks of that name
 *	begin, end	only events of that time in seconds, as babeltrace2 shows it with
 *--clock-seconds kallsyms	file with the kernel's symbols (a copy of /proc/kallsyms)
 *	kernel-release	whose gfp flags these are; the trace's, or 6.1
 *	page-offset	of the direct map; 0xffff888000000000
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "components.h"
#include "output.h"

#define DEFAULT_LIMIT 20
#define HTML_LIMIT 250 /* a report shows a part at first, but sorts all */

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_HTML };

struct sink {
	bt_self_component_sink *component;
	bt_message_iterator *iterator;
	struct rig_reader *reader;
	struct rig_analysis *analysis;
	struct rig_analysis_options options;
	enum format format;
	enum rig_sort sort;
	size_t limit;
	char *output;
	char *report;
	char *title;
	char *kallsyms;
	char *release;
	char *comm;
	bool has_limit, has_cpu, has_pid, has_begin, has_end;
	s64 cpu, pid, begin_ns, end_ns;
	u64 discarded;
	bool shown;
};

static void say(const struct sink *sink, const char *text)
{
	fprintf(stderr, "kmemrig: %s\n", text);
}

static void destroy(struct sink *sink)
{
	rig_reader_destroy(sink->reader);
	rig_analysis_destroy(sink->analysis);
	free(sink->output);
	free(sink->report);
	free(sink->title);
	free(sink->kallsyms);
	free(sink->release);
	free(sink->comm);
	free(sink);
}

static bool bad(const char *name, const char *what)
{
	fprintf(stderr, "kmemrig: parameter %s: %s\n", name, what);
	return false;
}

static bool take_text(const bt_value *params, const char *name, char **text)
{
	const bt_value *value = bt_value_map_borrow_entry_value_const(params, name);

	if (!value)
		return true;
	if (!bt_value_is_string(value))
		return bad(name, "not a string (in quotes)");
	*text = strdup(bt_value_string_get(value));
	return true;
}

static bool take_number(const bt_value *params, const char *name, s64 *number, bool *given)
{
	const bt_value *value = bt_value_map_borrow_entry_value_const(params, name);

	*given = value != NULL;
	if (!value)
		return true;
	if (bt_value_is_signed_integer(value))
		*number = bt_value_integer_signed_get(value);
	else if (bt_value_is_unsigned_integer(value))
		*number = (s64)bt_value_integer_unsigned_get(value);
	else
		return bad(name, "not a whole number");
	return true;
}

/* "1795345692.762703123": all nanoseconds, which a floating point number would not keep. */
static bool parse_seconds(const char *text, s64 *ns)
{
	size_t whole = strspn(text, "0123456789"), digits = 0;
	const char *rest = text + whole;

	*ns = 0;
	if (*rest == '.')
		digits = strspn(++rest, "0123456789");
	if (!whole || whole > 10 || rest[digits])
		return false;
	*ns = strtoll(text, NULL, 10);
	if (*ns > 9000000000)
		return false;
	for (size_t i = 0; i < 9; i++)
		*ns = *ns * 10 + (i < digits ? rest[i] - '0' : 0);
	return true;
}

static bool take_seconds(const bt_value *params, const char *name, s64 *ns, bool *given)
{
	const bt_value *value = bt_value_map_borrow_entry_value_const(params, name);

	*given = value != NULL;
	if (!value)
		return true;
	if (bt_value_is_real(value)) {
		*ns = (s64)(bt_value_real_get(value) * 1e9);
		return true;
	}
	if (!bt_value_is_string(value)) {
		s64 seconds = 0;

		if (!take_number(params, name, &seconds, given))
			return false;
		*ns = seconds * 1000000000;
		return true;
	}
	return parse_seconds(bt_value_string_get(value), ns) || bad(name, "not a time in seconds");
}

static bool take_format(const bt_value *params, struct sink *sink)
{
	char *text = NULL;
	bool known;

	if (!take_text(params, "format", &text))
		return false;
	if (!text)
		return true;
	known = strcmp(text, "text") == 0 || strcmp(text, "json") == 0;
	sink->format = strcmp(text, "json") == 0 ? FORMAT_JSON : FORMAT_TEXT;
	free(text);
	return known || bad("format", "text or json");
}

static bool take_sort(const bt_value *params, struct sink *sink)
{
	char *text = NULL;
	bool known = false;

	if (!take_text(params, "sort", &text))
		return false;
	if (!text)
		return true;
	for (int i = 0; i < RIG_NR_SORTS; i++) {
		if (strcmp(text, rig_sort_names[i]) == 0) {
			sink->sort = (enum rig_sort)i;
			known = true;
		}
	}
	free(text);
	return known || bad("sort", "bytes, hits, live, waste, frag, ping-pong or lifetime");
}

static const char *const known_parameters[] = {
	"format", "output", "report", "title", "sort",	   "limit",	     "perf",	    "cpu",
	"pid",	  "comm",   "begin",  "end",   "kallsyms", "kernel-release", "page-offset", NULL,
};

static bt_value_map_foreach_entry_const_func_status check_name(const char *key,
							       const bt_value *value, void *data)
{
	for (size_t i = 0; known_parameters[i]; i++)
		if (strcmp(known_parameters[i], key) == 0)
			return BT_VALUE_MAP_FOREACH_ENTRY_CONST_FUNC_STATUS_OK;
	*(bool *)data = bad(key, "unknown");
	return BT_VALUE_MAP_FOREACH_ENTRY_CONST_FUNC_STATUS_OK;
}

static bool take_parameters(const bt_value *params, struct sink *sink)
{
	const bt_value *perf = bt_value_map_borrow_entry_value_const(params, "perf");
	s64 limit = DEFAULT_LIMIT, offset = 0;
	bool given, names_known = true;

	(void)!bt_value_map_foreach_entry_const(params, check_name, &names_known);
	if (!names_known)
		return false;
	if (perf && !bt_value_is_bool(perf))
		return bad("perf", "true or false");
	sink->options.perf = perf && bt_value_bool_get(perf);
	if (!take_text(params, "output", &sink->output) ||
	    !take_text(params, "report", &sink->report) ||
	    !take_text(params, "title", &sink->title) ||
	    !take_text(params, "kallsyms", &sink->kallsyms) ||
	    !take_text(params, "kernel-release", &sink->release) ||
	    !take_text(params, "comm", &sink->comm) || !take_sort(params, sink) ||
	    (sink->format != FORMAT_HTML && !take_format(params, sink)) ||
	    !take_number(params, "limit", &limit, &sink->has_limit) ||
	    !take_number(params, "page-offset", &offset, &given) ||
	    !take_number(params, "cpu", &sink->cpu, &sink->has_cpu) ||
	    !take_number(params, "pid", &sink->pid, &sink->has_pid) ||
	    !take_seconds(params, "begin", &sink->begin_ns, &sink->has_begin) ||
	    !take_seconds(params, "end", &sink->end_ns, &sink->has_end))
		return false;
	if (limit < 0)
		return bad("limit", "0 or more");
	sink->limit = (size_t)limit;
	sink->options.page_offset = (u64)offset;
	return true;
}

static bt_component_class_initialize_method_status
initialize(bt_self_component_sink *component, const bt_value *params, enum format format)
{
	struct sink *sink = calloc(1, sizeof(*sink));

	if (!sink)
		return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_MEMORY_ERROR;
	sink->component = component;
	sink->format = format;
	if (!take_parameters(params, sink)) {
		destroy(sink);
		return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_ERROR;
	}
	sink->reader = rig_reader_create();
	sink->analysis = rig_analysis_create(&sink->options);
	bt_self_component_set_data(bt_self_component_sink_as_self_component(component), sink);
	return bt_self_component_sink_add_input_port(component, "in", NULL, NULL) ==
			       BT_SELF_COMPONENT_ADD_PORT_STATUS_OK
		       ? BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_OK
		       : BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_ERROR;
}

bt_component_class_initialize_method_status
rig_summary_initialize(bt_self_component_sink *component,
		       bt_self_component_sink_configuration *configuration, const bt_value *params,
		       void *data)
{
	return initialize(component, params, FORMAT_TEXT);
}

bt_component_class_initialize_method_status
rig_report_initialize(bt_self_component_sink *component,
		      bt_self_component_sink_configuration *configuration, const bt_value *params,
		      void *data)
{
	return initialize(component, params, FORMAT_HTML);
}

static struct sink *sink_of(bt_self_component_sink *component)
{
	return bt_self_component_get_data(bt_self_component_sink_as_self_component(component));
}

bt_component_class_sink_graph_is_configured_method_status
rig_sink_graph_is_configured(bt_self_component_sink *component)
{
	struct sink *sink = sink_of(component);
	bt_self_component_port_input *port =
		bt_self_component_sink_borrow_input_port_by_index(component, 0);

	if (bt_message_iterator_create_from_sink_component(component, port, &sink->iterator) !=
	    BT_MESSAGE_ITERATOR_CREATE_FROM_SINK_COMPONENT_STATUS_OK)
		return BT_COMPONENT_CLASS_SINK_GRAPH_IS_CONFIGURED_METHOD_STATUS_ERROR;
	return BT_COMPONENT_CLASS_SINK_GRAPH_IS_CONFIGURED_METHOD_STATUS_OK;
}

static bool wanted(const struct sink *sink, const struct rig_record *record)
{
	return (!sink->has_cpu || record->cpu == sink->cpu) &&
	       (!sink->has_pid || record->pid == sink->pid) &&
	       (!sink->has_begin || record->time_ns >= sink->begin_ns) &&
	       (!sink->has_end || record->time_ns < sink->end_ns) &&
	       (!sink->comm || strcmp(record->comm, sink->comm) == 0);
}

static void take_discarded(struct sink *sink, const bt_message *message)
{
	u64 count;

	if (bt_message_discarded_events_get_count(message, &count) ==
	    BT_PROPERTY_AVAILABILITY_AVAILABLE)
		sink->discarded += count;
	else
		sink->discarded++;
}

static void take_message(struct sink *sink, const bt_message *message)
{
	struct rig_record record;

	switch (bt_message_get_type(message)) {
	case BT_MESSAGE_TYPE_EVENT:
		if (rig_reader_read(sink->reader, message, &record) && wanted(sink, &record))
			rig_analysis_add(sink->analysis, &record);
		break;
	case BT_MESSAGE_TYPE_PACKET_BEGINNING:
		rig_reader_packet_begin(sink->reader,
					bt_message_packet_beginning_borrow_packet_const(message));
		break;
	case BT_MESSAGE_TYPE_STREAM_END:
		rig_reader_stream_end(sink->reader,
				      bt_message_stream_end_borrow_stream_const(message));
		break;
	case BT_MESSAGE_TYPE_DISCARDED_EVENTS:
		take_discarded(sink, message);
		break;
	default:
		break;
	}
}

static struct rig_symbols *open_symbols(const struct sink *sink)
{
	const char *path = sink->kallsyms;
	struct rig_symbols *symbols;
	char error[RIG_INPUT_ERROR];

	/* source.kmemrig.ftrace names its file when that has symbols */
	if (!path)
		path = rig_reader_environment(sink->reader, "kmemrig_symbols");
	if (!path)
		return NULL;
	symbols = rig_symbols_open(path, error);
	if (!symbols)
		say(sink, error);
	return symbols;
}

/* @path NULL: standard output. */
static bool write_output(const struct sink *sink, const struct rig_output *output,
			 enum format format, const char *path)
{
	FILE *file = path ? fopen(path, "w") : stdout;
	bool ok;

	if (!file) {
		fprintf(stderr, "kmemrig: %s: %s\n", path, strerror(errno));
		return false;
	}
	if (format == FORMAT_JSON) {
		json_t *json = rig_output_json(output);

		json_dumpf(json, file, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
		fputc('\n', file);
		json_decref(json);
	} else if (format == FORMAT_HTML) {
		struct rig_output more = *output;

		if (!sink->has_limit)
			more.limit = HTML_LIMIT;
		rig_output_html(&more, file);
	} else {
		rig_output_text(output, file);
	}
	ok = fflush(file) == 0 && !ferror(file);
	if (!ok)
		fprintf(stderr, "kmemrig: %s: %s\n", path ? path : "output", strerror(errno));
	if (path)
		fclose(file);
	return ok;
}

static void say_lacking(const struct sink *sink, const char *source)
{
	const struct rig_event_name *name;
	char lacking[200];

	for (size_t i = 0; (name = rig_reader_name(sink->reader, i)); i++) {
		if (!name->lacking)
			continue;
		rig_lacking_text(name, lacking, sizeof(lacking));
		fprintf(stderr, "kmemrig: %s%s%llu events %s have no field %s: %s\n",
			source ? source : "", source ? ": " : "", (unsigned long long)name->count,
			name->name, lacking, name->incomplete ? "left out" : "analysed without");
	}
}

static bool show(struct sink *sink, bool incomplete)
{
	const char *release = sink->release, *path = sink->output;
	struct rig_symbols *symbols = open_symbols(sink);
	struct rig_output output;
	bool ok;

	if (!release)
		release = rig_reader_environment(sink->reader, "kernel_release");
	rig_analysis_finish(sink->analysis);
	output = (struct rig_output){
		.analysis = sink->analysis,
		.reader = sink->reader,
		.symbols = symbols,
		.gfp = rig_gfp_table(release),
		.sort = sink->sort,
		.limit = sink->limit,
		.source = sink->title ? sink->title
				      : rig_reader_environment(sink->reader, "trace_name"),
		.discarded = sink->discarded,
		.incomplete = incomplete,
		.filtered = sink->has_cpu || sink->has_pid || sink->comm || sink->has_begin ||
			    sink->has_end,
	};
	if (!path && sink->format == FORMAT_HTML)
		path = "kmemrig-report.html";
	ok = write_output(sink, &output, sink->format, path);
	if (sink->report)
		ok &= write_output(sink, &output, FORMAT_HTML, sink->report);
	rig_symbols_close(symbols);
	say_lacking(sink, output.source);
	return ok;
}

bt_component_class_sink_consume_method_status rig_sink_consume(bt_self_component_sink *component)
{
	struct sink *sink = sink_of(component);
	bt_message_array_const messages;
	bt_message_iterator_next_status status;
	u64 count;

	status = bt_message_iterator_next(sink->iterator, &messages, &count);
	switch (status) {
	case BT_MESSAGE_ITERATOR_NEXT_STATUS_OK:
		for (u64 i = 0; i < count; i++) {
			take_message(sink, messages[i]);
			bt_message_put_ref(messages[i]);
		}
		return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_OK;
	case BT_MESSAGE_ITERATOR_NEXT_STATUS_END:
		sink->shown = true;
		return show(sink, false) ? BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_END
					 : BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_ERROR;
	case BT_MESSAGE_ITERATOR_NEXT_STATUS_AGAIN:
		return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_AGAIN;
	case BT_MESSAGE_ITERATOR_NEXT_STATUS_MEMORY_ERROR:
		return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_MEMORY_ERROR;
	default:
		sink->shown = true;
		if (rig_reader_name(sink->reader, 0)) {
			say(sink, "the trace can't be read to its end; this is what came before");
			show(sink, true);
		}
		return BT_COMPONENT_CLASS_SINK_CONSUME_METHOD_STATUS_ERROR;
	}
}

void rig_sink_finalize(bt_self_component_sink *component)
{
	struct sink *sink = sink_of(component);

	/* interrupted: what was read so far is worth showing */
	if (sink->iterator && !sink->shown && rig_reader_name(sink->reader, 0))
		show(sink, true);
	bt_message_iterator_put_ref(sink->iterator);
	destroy(sink);
}
