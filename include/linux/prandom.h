/* SPDX-License-Identifier: GPL-2.0-only */
/* A generator of pseudo-random numbers with a state of its own: xorshift64*, from a 64-bit seed. */
#ifndef _LINUX_PRANDOM_H_RIG
#define _LINUX_PRANDOM_H_RIG

#include <linux/types.h>

struct rnd_state {
	u64 word; /* never 0 once seeded */
};

static inline void prandom_seed_state(struct rnd_state *state, u64 seed)
{
	state->word = seed ^ 0x9e3779b97f4a7c15ULL;
	if (!state->word)
		state->word = 1;
}

static inline u32 prandom_u32_state(struct rnd_state *state)
{
	u64 x = state->word;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	state->word = x;
	return (u32)((x * 0x2545f4914f6cdd1dULL) >> 32);
}

void prandom_bytes_state(struct rnd_state *state, void *buffer, size_t size);

#endif
