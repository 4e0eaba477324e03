// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chance, from the machine's seed: xoshiro256** (Blackman and Vigna, public domain algorithm),
 * seeded through splitmix64. The same numbers on every host; the host's generators are never used.
 */
#include <kmemrig/machine.h>

#include "parts.h"

static u64 splitmix64(u64 *state)
{
	u64 z = (*state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static u64 rotate_left(u64 x, int by)
{
	return (x << by) | (x >> (64 - by));
}

void rig_random_init(struct rig_machine *machine, u64 seed)
{
	machine->seed = seed;
	for (int i = 0; i < 4; i++)
		machine->random_state[i] = splitmix64(&seed);
}

u64 rig_random(struct rig_machine *machine)
{
	u64 *s = machine->random_state;
	u64 result = rotate_left(s[1] * 5, 7) * 9;
	u64 t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate_left(s[3], 45);
	return result;
}
