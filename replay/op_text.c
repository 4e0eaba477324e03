// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ops as text: one op a line, a letter and its arguments. One table says for each kind which fields
 * of struct rig_op its arguments are, so that reading and writing can't differ. Results are written
 * in the form in which the scripts' answers of real kernels are kept.
 */
#include <kmemrig/op.h>

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define DESCRIPTION(letter, name, arguments, meaning) { letter, #name, arguments, meaning },
const struct rig_op_description rig_op_descriptions[RIG_NR_OPS] = { RIG_OPS(DESCRIPTION) };

enum argument_type { ARG_END, ARG_UINT, ARG_INT, ARG_BOOL, ARG_U64, ARG_STRING };

struct argument {
	const char *name;
	enum argument_type type;
	int base; /* of the number */
	size_t offset;
	size_t size; /* of a string */
	bool optional;
};

#define FIELD(field) offsetof(struct rig_op, field)
#define NUMBER(name_, field)                                                                       \
	{                                                                                          \
		name_, ARG_UINT, 10, FIELD(field), 0, false                                        \
	}
#define HEX(name_, field)                                                                          \
	{                                                                                          \
		name_, ARG_UINT, 16, FIELD(field), 0, false                                        \
	}
#define LONG(name_, field)                                                                         \
	{                                                                                          \
		name_, ARG_U64, 10, FIELD(field), 0, false                                         \
	}
#define LONG_HEX(name_, field)                                                                     \
	{                                                                                          \
		name_, ARG_U64, 16, FIELD(field), 0, false                                         \
	}
#define FLAG(name_, field)                                                                         \
	{                                                                                          \
		name_, ARG_BOOL, 10, FIELD(field), 0, false                                        \
	}
#define STRING(name_, field)                                                                       \
	{                                                                                          \
		name_, ARG_STRING, 0, FIELD(field), sizeof(((struct rig_op *)0)->field), false     \
	}
#define SLOT NUMBER("SLOT", slot)
#define ID NUMBER("ID", id)
#define GFP HEX("GFP", gfp)
#define OPTIONAL_GFP                                                                               \
	{                                                                                          \
		"GFP", ARG_UINT, 16, FIELD(gfp), 0, true                                           \
	}
#define OPTIONAL_NODE                                                                              \
	{                                                                                          \
		"NODE", ARG_INT, 10, FIELD(node), 0, true                                          \
	}

static const struct argument arguments[RIG_NR_OPS][6] = {
	[RIG_OP_CACHE_CREATE] = { ID, LONG("SIZE", size), NUMBER("ALIGN", align),
				  HEX("FLAGS", flags), FLAG("CTOR", yes) },
	[RIG_OP_CACHE_ALLOC] = { SLOT, ID, OPTIONAL_GFP, OPTIONAL_NODE },
	[RIG_OP_CACHE_ALLOC_BULK] = { SLOT, ID, NUMBER("COUNT", count), OPTIONAL_GFP },
	[RIG_OP_KMALLOC] = { SLOT, LONG("SIZE", size), GFP, OPTIONAL_NODE },
	[RIG_OP_KREALLOC] = { SLOT, LONG("SIZE", size), GFP },
	[RIG_OP_FREE] = { SLOT },
	[RIG_OP_CACHE_DESTROY] = { ID },
	[RIG_OP_CACHE_SHRINK] = { ID },
	[RIG_OP_PAGE_ALLOC] = { SLOT, NUMBER("ORDER", order), GFP, OPTIONAL_NODE },
	[RIG_OP_PAGE_ALLOC_BULK] = { SLOT, NUMBER("COUNT", count), GFP, OPTIONAL_NODE },
	[RIG_OP_PAGE_ALLOC_EXACT] = { SLOT, LONG("SIZE", size), GFP },
	[RIG_OP_PAGE_FREE_LIST] = { SLOT, NUMBER("COUNT", count) },
	[RIG_OP_KMAP] = { SLOT },
	[RIG_OP_KUNMAP] = { SLOT },
	[RIG_OP_VMALLOC] = { SLOT, LONG("SIZE", size), OPTIONAL_GFP },
	[RIG_OP_VMALLOC_USED] = { LONG_HEX("OFFSET", offset), LONG_HEX("SIZE", size) },
	[RIG_OP_MEMPOOL_CREATE] = { ID, NUMBER("MIN", count), NUMBER("CACHE", cache) },
	[RIG_OP_MEMPOOL_ALLOC] = { SLOT, ID, GFP },
	[RIG_OP_MEMPOOL_DESTROY] = { ID },
	[RIG_OP_IOREMAP] = { SLOT, LONG_HEX("PHYSICAL", offset), LONG_HEX("SIZE", size) },
	[RIG_OP_DEVICE_READ] = { SLOT, LONG_HEX("OFFSET", offset), NUMBER("WIDTH", width) },
	[RIG_OP_DEVICE_WRITE] = { SLOT, LONG_HEX("OFFSET", offset), NUMBER("WIDTH", width),
				  LONG_HEX("VALUE", value) },
	[RIG_OP_CPU] = { NUMBER("CPU", cpu) },
	[RIG_OP_TIME] = { LONG("NANOSECONDS", offset) },
	[RIG_OP_FAULT_ATTRIBUTE] = { STRING("ATTRIBUTE/FILE", attribute), STRING("VALUE", text) },
	[RIG_OP_MAKE_IT_FAIL] = { FLAG("0|1", yes) },
	[RIG_OP_FAIL_NTH] = { NUMBER("N", count) },
	[RIG_OP_CHECK] = { NUMBER("TIER", tier) },
};

bool rig_op_is_blank(const char *line)
{
	line += strspn(line, " \t\r\n");
	return *line == '\0' || *line == '#';
}

static bool fails(char *error, size_t error_size, const char *format, ...) __printf(3, 4);

static bool fails(char *error, size_t error_size, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(error, error_size, format, list);
	va_end(list);
	return false;
}

/* One word as a number of the argument's type. */
static bool parse_number(const struct argument *argument, const char *word, void *field)
{
	bool negative = *word == '-';
	unsigned long long value;
	char *end;

	if (negative && argument->type != ARG_INT)
		return false;
	errno = 0;
	value = strtoull(word + negative, &end, argument->base);
	if (errno || end == word + negative || *end || word[negative] == '-' ||
	    word[negative] == '+')
		return false;
	switch (argument->type) {
	case ARG_U64:
		*(u64 *)field = value;
		return true;
	case ARG_UINT:
		*(unsigned int *)field = (unsigned int)value;
		return value <= UINT32_MAX;
	case ARG_INT:
		*(int *)field = negative ? -(int)value : (int)value;
		return value <= INT32_MAX;
	case ARG_BOOL:
		*(bool *)field = value;
		return value <= 1;
	default:
		return false;
	}
}

static bool parse_argument(const struct argument *argument, const char *word, struct rig_op *op)
{
	char *field = (char *)op + argument->offset;

	if (argument->type != ARG_STRING)
		return parse_number(argument, word, field);
	if (strlen(word) >= argument->size)
		return false;
	strcpy(field, word);
	return true;
}

static int find_kind(char letter)
{
	for (int kind = 0; kind < RIG_NR_OPS; kind++)
		if (rig_op_descriptions[kind].letter == letter)
			return kind;
	return -1;
}

bool rig_op_parse(struct rig_op *op, const char *line, char *error, size_t error_size)
{
	char copy[256], *rest = copy, *word;
	const struct argument *argument;
	int kind;

	memset(op, 0, sizeof(*op));
	op->node = -1;
	op->gfp = GFP_ATOMIC;
	if (strlen(line) >= sizeof(copy))
		return fails(error, error_size, "line too long for an op");
	strcpy(copy, line);
	word = strtok_r(copy, " \t\r\n", &rest);
	if (!word)
		return fails(error, error_size, "no op");
	kind = word[1] ? -1 : find_kind(word[0]);
	if (kind < 0)
		return fails(error, error_size, "unknown op '%s'", word);
	op->kind = kind;
	for (argument = arguments[kind]; argument->type != ARG_END; argument++) {
		word = strtok_r(NULL, " \t\r\n", &rest);
		if (!word && argument->optional)
			return true;
		if (!word)
			return fails(error, error_size, "op '%c' wants %s; %s is missing",
				     rig_op_descriptions[kind].letter,
				     rig_op_descriptions[kind].arguments, argument->name);
		if (!parse_argument(argument, word, op))
			return fails(error, error_size, "op '%c': '%s' is no %s",
				     rig_op_descriptions[kind].letter, word, argument->name);
	}
	word = strtok_r(NULL, " \t\r\n", &rest);
	if (word)
		return fails(error, error_size, "op '%c' ends before '%s'",
			     rig_op_descriptions[kind].letter, word);
	return true;
}

static int format_argument(const struct argument *argument, const struct rig_op *op, char *buffer,
			   size_t size)
{
	const char *field = (const char *)op + argument->offset;

	switch (argument->type) {
	case ARG_UINT:
		return snprintf(buffer, size, argument->base == 16 ? " %x" : " %u",
				*(const unsigned int *)field);
	case ARG_INT:
		return snprintf(buffer, size, " %d", *(const int *)field);
	case ARG_BOOL:
		return snprintf(buffer, size, " %d", *(const bool *)field);
	case ARG_U64:
		return snprintf(buffer, size, argument->base == 16 ? " %llx" : " %llu",
				(unsigned long long)*(const u64 *)field);
	case ARG_STRING:
		return snprintf(buffer, size, " %s", field);
	case ARG_END:
		break;
	}
	return 0;
}

char *rig_op_format(const struct rig_op *op, char *buffer, size_t size)
{
	size_t used;

	if ((unsigned int)op->kind >= RIG_NR_OPS || size < 2) {
		snprintf(buffer, size, "?");
		return buffer;
	}
	used = (size_t)snprintf(buffer, size, "%c", rig_op_descriptions[op->kind].letter);
	for (const struct argument *argument = arguments[op->kind];
	     argument->type != ARG_END && used < size; argument++)
		used += (size_t)format_argument(argument, op, buffer + used, size - used);
	return buffer;
}

/* Where an object is: "a 5 ffff888009578000 9578 0 1", kmalloc with its ksize on a second line. */
static void format_object(const struct rig_op *op, const struct rig_op_result *result, char *buffer,
			  size_t size)
{
	char letter = rig_op_descriptions[op->kind].letter;

	if (result->status == RIG_OP_FAILED) {
		snprintf(buffer, size, "%c %u NULL", letter, op->slot);
	} else if (result->zero_size) {
		snprintf(buffer, size, "%c %u ZERO", letter, op->slot);
	} else {
		int used = snprintf(buffer, size, "%c %u %llx %llx %u %d", letter, op->slot,
				    (unsigned long long)result->address,
				    (unsigned long long)result->pfn, result->order, result->slab);

		if (op->kind == RIG_OP_KMALLOC && used > 0 && (size_t)used < size)
			snprintf(buffer + used, size - (size_t)used, "\nz %u %llu", op->slot,
				 (unsigned long long)result->size);
	}
}

static void format_full(const struct rig_op *op, const struct rig_op_result *result, char *buffer,
			size_t size)
{
	char letter = rig_op_descriptions[op->kind].letter;
	bool failed = result->status == RIG_OP_FAILED;

	switch (op->kind) {
	case RIG_OP_CACHE_CREATE:
		snprintf(buffer, size, "c %u %d size %llu", op->id, !failed,
			 (unsigned long long)result->size);
		break;
	case RIG_OP_CACHE_ALLOC:
	case RIG_OP_KMALLOC:
	case RIG_OP_KREALLOC:
	case RIG_OP_PAGE_ALLOC:
	case RIG_OP_PAGE_ALLOC_EXACT:
	case RIG_OP_MEMPOOL_ALLOC:
		format_object(op, result, buffer, size);
		break;
	case RIG_OP_CACHE_ALLOC_BULK:
	case RIG_OP_PAGE_ALLOC_BULK:
		snprintf(buffer, size, "%c %u %lld", letter, op->slot, (long long)result->value);
		break;
	case RIG_OP_CACHE_DESTROY:
		snprintf(buffer, size, "D %u", op->id);
		break;
	case RIG_OP_CACHE_SHRINK:
		snprintf(buffer, size, "S %u %lld", op->id, (long long)result->value);
		break;
	case RIG_OP_MEMPOOL_CREATE:
		snprintf(buffer, size, "P %u %d", op->id, !failed);
		break;
	case RIG_OP_VMALLOC:
		if (failed)
			snprintf(buffer, size, "v %u NULL", op->slot);
		else
			snprintf(buffer, size, "v %u %llx", op->slot,
				 (unsigned long long)(result->address - RIG_VMALLOC_START));
		break;
	case RIG_OP_KMAP:
	case RIG_OP_IOREMAP:
		if (failed)
			snprintf(buffer, size, "%c %u NULL", letter, op->slot);
		else
			snprintf(buffer, size, "%c %u %llx", letter, op->slot,
				 (unsigned long long)result->address);
		break;
	case RIG_OP_DEVICE_READ:
		snprintf(buffer, size, "R %u %llx", op->slot, (unsigned long long)result->value);
		break;
	case RIG_OP_FAIL_NTH:
		snprintf(buffer, size, "n %lld", (long long)result->value);
		break;
	default:
		break;
	}
}

static void format_short(const struct rig_op *op, const struct rig_op_result *result, char *buffer,
			 size_t size)
{
	switch (op->kind) {
	case RIG_OP_CACHE_ALLOC:
	case RIG_OP_KMALLOC:
	case RIG_OP_PAGE_ALLOC:
	case RIG_OP_VMALLOC:
	case RIG_OP_MEMPOOL_ALLOC:
		snprintf(buffer, size, "%c %u %s", rig_op_descriptions[op->kind].letter, op->slot,
			 result->status == RIG_OP_FAILED ? "NULL" : "ok");
		break;
	case RIG_OP_FAIL_NTH:
		snprintf(buffer, size, "n %lld", (long long)result->value);
		break;
	default:
		break;
	}
}

char *rig_op_format_result(const struct rig_op *op, const struct rig_op_result *result,
			   enum rig_result_form form, char *buffer, size_t size)
{
	if (size)
		buffer[0] = '\0';
	if (result->status == RIG_OP_BROKEN)
		snprintf(buffer, size, "! %s %s", result->verdict.name, result->verdict.detail);
	else if (result->status == RIG_OP_SKIPPED || (unsigned int)op->kind >= RIG_NR_OPS)
		return buffer;
	else if (form == RIG_RESULT_FULL)
		format_full(op, result, buffer, size);
	else
		format_short(op, result, buffer, size);
	return buffer;
}
