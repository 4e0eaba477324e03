/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a field of the event table to a field of LTTng-UST. No include guard: LTTng's
 * headers read the provider headers several times, each time with other meanings of these macros.
 * A tracepoint takes one argument, the event's struct, so its fields are the table's.
 */
#undef RIG_LTTNG_FIELD
#undef RIG_LTTNG_DEC
#undef RIG_LTTNG_BOOL
#undef RIG_LTTNG_HEX
#undef RIG_LTTNG_PTR
#undef RIG_LTTNG_SITE
#undef RIG_LTTNG_PFN
#undef RIG_LTTNG_STR
#undef RIG_LTTNG_GFP
#undef RIG_LTTNG_MT
#undef RIG_LTTNG_CODED
#undef RIG_LTTNG_CODE
#undef RIG_LTTNG_ENUM
#undef RIG_LTTNG_MODE
#undef RIG_LTTNG_STATUS
#undef RIG_LTTNG_PRIO
#undef RIG_LTTNG_ZONE
#undef RIG_LTTNG_MEMBER
#undef RIG_LTTNG_RESULT
#undef RIG_LTTNG_EVENT
#undef RIG_LTTNG_ENUMS

#define RIG_LTTNG_FIELD(type, name, meaning) RIG_LTTNG_##meaning(type, name)
#define RIG_LTTNG_DEC(type, name) lttng_ust_field_integer(type, name, e->name)
#define RIG_LTTNG_HEX(type, name) lttng_ust_field_integer_hex(type, name, e->name)
#define RIG_LTTNG_PTR(type, name) lttng_ust_field_integer_hex(type, name, e->name)
#define RIG_LTTNG_SITE(type, name) lttng_ust_field_integer_hex(type, name, e->name)
#define RIG_LTTNG_PFN(type, name) lttng_ust_field_integer_hex(type, name, e->name)
#define RIG_LTTNG_STR(type, name) lttng_ust_field_string(name, e->name ? e->name : "")
#define RIG_LTTNG_GFP(type, name)                                                                  \
	lttng_ust_field_enum(LTTNG_UST_TRACEPOINT_PROVIDER, gfp_flags, type, name, e->name)
#define RIG_LTTNG_CODED(type, name, codes)                                                         \
	lttng_ust_field_enum(LTTNG_UST_TRACEPOINT_PROVIDER, codes, type, name, e->name)
#define RIG_LTTNG_BOOL(type, name) RIG_LTTNG_CODED(type, name, truth)
#define RIG_LTTNG_MODE(type, name) RIG_LTTNG_CODED(type, name, compact_mode)
#define RIG_LTTNG_MT(type, name) RIG_LTTNG_CODED(type, name, migratetype)
#define RIG_LTTNG_STATUS(type, name) RIG_LTTNG_CODED(type, name, compact_result)
#define RIG_LTTNG_PRIO(type, name) RIG_LTTNG_CODED(type, name, compact_priority)
#define RIG_LTTNG_ZONE(type, name) RIG_LTTNG_CODED(type, name, zone_type)
#define RIG_LTTNG_MEMBER(type, name) RIG_LTTNG_CODED(type, name, mm_counter)
#define RIG_LTTNG_RESULT(type, name) RIG_LTTNG_CODED(type, name, op_status)

#define RIG_LTTNG_EVENT(system, name)                                                              \
	LTTNG_UST_TRACEPOINT_EVENT(system, name,                                                   \
				   LTTNG_UST_TP_ARGS(const struct rig_event_##name *, e),          \
				   LTTNG_UST_TP_FIELDS(RIG_FIELDS_##name(RIG_LTTNG_FIELD)))

#define RIG_LTTNG_CODE(number, name) lttng_ust_field_enum_value(name, number)
#define RIG_LTTNG_ENUM(provider, codes, meaning)                                                   \
	LTTNG_UST_TRACEPOINT_ENUM(provider, codes,                                                 \
				  LTTNG_UST_TP_ENUM_VALUES(RIG_CODES_##meaning(RIG_LTTNG_CODE)))

#define RIG_LTTNG_ENUMS(provider)                                                                  \
	LTTNG_UST_TRACEPOINT_ENUM(provider, gfp_flags,                                             \
				  LTTNG_UST_TP_ENUM_VALUES(RIG_GFP_ENUM_VALUES))                   \
	RIG_LTTNG_ENUM(provider, truth, BOOL)                                                      \
	RIG_LTTNG_ENUM(provider, compact_mode, MODE)                                               \
	RIG_LTTNG_ENUM(provider, migratetype, MT)                                                  \
	RIG_LTTNG_ENUM(provider, compact_result, STATUS)                                           \
	RIG_LTTNG_ENUM(provider, compact_priority, PRIO)                                           \
	RIG_LTTNG_ENUM(provider, zone_type, ZONE)                                                  \
	RIG_LTTNG_ENUM(provider, mm_counter, MEMBER)                                               \
	RIG_LTTNG_ENUM(provider, op_status, RESULT)
