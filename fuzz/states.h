/* SPDX-License-Identifier: GPL-2.0-only */
/* A state that a parser took, for the targets of states: what is made of it may not crash. */
#ifndef RIG_FUZZ_STATES_H
#define RIG_FUZZ_STATES_H

#include <kmemrig/state.h>

/*
 * Changes the state as what-ifs do (@chance chooses what), makes a machine of it, looks at that,
 * and reads the state back. States that take long to build are left alone. @state stays the
 * caller's.
 */
void fuzz_use_state(struct rig_state *state, unsigned int chance);

#endif
