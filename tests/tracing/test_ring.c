// SPDX-License-Identifier: GPL-2.0-only
/* The ring sink: order, wrap-around, strings that outlive their owner, digest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <kmemrig/ring.h>

static void emit_free(struct rig_ring *ring, u64 ptr, const char *name)
{
	struct rig_event event = { .id = RIG_EVENT_kmem_cache_free,
				   .pid = 1,
				   .comm = "init",
				   .time_ns = ptr,
				   .kmem_cache_free = { .ptr = ptr, .name = name } };

	ring->sink.emit(&ring->sink, &event);
}

static void test_last_events_are_kept_oldest_first(void **state)
{
	struct rig_ring ring;

	assert_int_equal(rig_ring_init(&ring, 4, RIG_WANT_ALL), 0);
	assert_null(rig_ring_get(&ring, 0));
	for (u64 i = 0; i < 10; i++)
		emit_free(&ring, i, "filp");
	assert_int_equal(rig_ring_count(&ring), 4);
	assert_int_equal(rig_ring_total(&ring), 10);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(rig_ring_get(&ring, i)->kmem_cache_free.ptr, 6 + i);
	assert_null(rig_ring_get(&ring, 4));
	rig_ring_clear(&ring);
	assert_int_equal(rig_ring_count(&ring), 0);
	rig_ring_fini(&ring);
}

static void test_strings_are_copied(void **state)
{
	struct rig_ring ring;
	char name[16] = "dentry";

	assert_int_equal(rig_ring_init(&ring, 4, RIG_WANT_ALL), 0);
	emit_free(&ring, 1, name);
	strcpy(name, "gone");
	assert_string_equal(rig_ring_get(&ring, 0)->kmem_cache_free.name, "dentry");
	rig_ring_fini(&ring);
}

static void test_digest_sees_every_field_and_every_event(void **state)
{
	struct rig_ring a, b;

	assert_int_equal(rig_ring_init(&a, 2, RIG_WANT_ALL), 0);
	assert_int_equal(rig_ring_init(&b, 8, RIG_WANT_ALL), 0);
	for (u64 i = 0; i < 5; i++) {
		emit_free(&a, i, "filp");
		emit_free(&b, i, "filp");
	}
	assert_int_equal(rig_ring_digest(&a), rig_ring_digest(&b));
	assert_true(rig_event_equal(rig_ring_get(&a, 0), rig_ring_get(&b, 3)));
	assert_false(rig_event_equal(rig_ring_get(&a, 0), rig_ring_get(&b, 2)));
	emit_free(&a, 5, "filp");
	emit_free(&b, 5, "filq");
	assert_int_not_equal(rig_ring_digest(&a), rig_ring_digest(&b));
	assert_false(rig_event_equal(rig_ring_get(&a, 1), rig_ring_get(&b, 5)));
	rig_ring_fini(&a);
	rig_ring_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_last_events_are_kept_oldest_first),
		cmocka_unit_test(test_strings_are_copied),
		cmocka_unit_test(test_digest_sees_every_field_and_every_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
