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
#undef RIG_LTTNG_EVENT
#undef RIG_LTTNG_ENUMS
#undef RIG_MIGRATETYPE_VALUES

#define RIG_LTTNG_FIELD(type, name, meaning) RIG_LTTNG_##meaning(type, name)
#define RIG_LTTNG_DEC(type, name) lttng_ust_field_integer(type, name, e->name)
#define RIG_LTTNG_BOOL(type, name) lttng_ust_field_integer(type, name, e->name)
#define RIG_LTTNG_HEX(type, name) lttng_ust_field_integer_hex(type, name, e->name)
#define RIG_LTTNG_PTR(type, name) lttng_ust_field_integer_hex(type, name, e->name)
#define RIG_LTTNG_SITE(type, name) lttng_ust_field_integer_hex(type, name, e->name)
#define RIG_LTTNG_PFN(type, name) lttng_ust_field_integer_hex(type, name, e->name)
#define RIG_LTTNG_STR(type, name) lttng_ust_field_string(name, e->name ? e->name : "")
#define RIG_LTTNG_GFP(type, name)                                                                  \
	lttng_ust_field_enum(LTTNG_UST_TRACEPOINT_PROVIDER, gfp_flags, type, name, e->name)
#define RIG_LTTNG_MT(type, name)                                                                   \
	lttng_ust_field_enum(LTTNG_UST_TRACEPOINT_PROVIDER, migratetype, type, name, e->name)

#define RIG_LTTNG_EVENT(system, name)                                                              \
	LTTNG_UST_TRACEPOINT_EVENT(system, name,                                                   \
				   LTTNG_UST_TP_ARGS(const struct rig_event_##name *, e),          \
				   LTTNG_UST_TP_FIELDS(RIG_FIELDS_##name(RIG_LTTNG_FIELD)))

#define RIG_MIGRATETYPE_VALUES                                                                     \
	lttng_ust_field_enum_value("MIGRATE_UNMOVABLE", 0)                                         \
		lttng_ust_field_enum_value("MIGRATE_MOVABLE", 1)                                   \
			lttng_ust_field_enum_value("MIGRATE_RECLAIMABLE", 2)                       \
				lttng_ust_field_enum_value("MIGRATE_HIGHATOMIC", 3)                \
					lttng_ust_field_enum_value("MIGRATE_CMA", 4)               \
						lttng_ust_field_enum_value("MIGRATE_ISOLATE", 5)

#define RIG_LTTNG_ENUMS(provider)                                                                  \
	LTTNG_UST_TRACEPOINT_ENUM(provider, gfp_flags,                                             \
				  LTTNG_UST_TP_ENUM_VALUES(RIG_GFP_ENUM_VALUES))                   \
	LTTNG_UST_TRACEPOINT_ENUM(provider, migratetype,                                           \
				  LTTNG_UST_TP_ENUM_VALUES(RIG_MIGRATETYPE_VALUES))
