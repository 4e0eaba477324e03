#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The babeltrace2 plugin on large recordings of production kernels, where they are:
# KMEMRIG_RECORDINGS names their folder (see recordings.py).
[ -n "$KMEMRIG_RECORDINGS" ] || {
	echo "1..0 # SKIP KMEMRIG_RECORDINGS is not set"
	exit 0
}
build=${KMEMRIG_BUILD:-$PWD/build/release}
case $build in /*) ;; *) build=$PWD/$build ;; esac
export BABELTRACE_PLUGIN_PATH="$build/babeltrace"
exec python3 tests/tracing/recordings.py "$KMEMRIG_RECORDINGS"
