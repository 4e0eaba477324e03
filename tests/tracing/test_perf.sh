#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# perf.data, and the CTF that perf makes of it, against perf's own figures.
build=${KMEMRIG_BUILD:-$PWD/build/release}
case $build in /*) ;; *) build=$PWD/$build ;; esac
export BABELTRACE_PLUGIN_PATH="$build/babeltrace"
work=$(mktemp -d /tmp/kmemrig-perf-XXXXXX)
trap 'rm -rf "$work"' EXIT
xz -dc tests/tracing/data/perf.data.xz >"$work/perf.data" || exit 1
python3 tests/tracing/perf.py "$work/perf.data" "$work"
