/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events to LTTng-UST. Nothing of LTTng is loaded before rig_lttng_open(); the provider is a
 * shared object, kmemrig-lttng.so, that is looked for in
 *
 *	$KMEMRIG_LTTNG                  a file
 *	beside the executable           a build tree
 *	../lib/kmemrig beside it        an installation
 *	beside libkmemrig.so, and kmemrig/ there
 *
 * A session must exist for anything to be recorded: kmemrig trace, or kmemrig/session.h.
 */
#ifndef KMEMRIG_LTTNG_H
#define KMEMRIG_LTTNG_H

#include <kmemrig/event.h>

/* Raised when struct rig_event or the table changes meaning; a provider of another is refused. */
#define RIG_LTTNG_ABI 3

/*
 * A sink that records to LTTng, to be attached to one machine. NULL and a one-line reason in
 * @error when the provider is not there or of another build. The first call takes as long as
 * LTTng needs to register with its daemon (milliseconds; up to 3 s with a stuck one). Not to be
 * called from several threads at once.
 */
struct rig_event_sink *rig_lttng_open(char *error, size_t error_size);

/* Detach it first. The provider stays loaded: LTTng's threads may be in it. */
void rig_lttng_close(struct rig_event_sink *sink);

/*
 * What "kmemrig trace" relies on: a machine made while KMEMRIG_TRACE is "lttng" in the environment
 * gets a sink of its own, from before its boot to its end. 0, or -errno with a reason in
 * @error. Called by the machine itself.
 */
int rig_trace_attach(struct rig_machine *machine, char *error, size_t error_size);
void rig_trace_detach(struct rig_machine *machine);

/*
 * Path of a file that belongs to the tracing parts (kmemrig-lttng.so, the clock plug-in), looked
 * for as above. 0, or -ENOENT.
 */
int rig_lttng_find(const char *file, char *path, size_t size);

/* What the provider exports; NULL when @abi is not its own, and NULL with a reason in @error. */
struct rig_event_sink *kmemrig_lttng_sink(unsigned int abi, char *error, size_t error_size);

#endif
