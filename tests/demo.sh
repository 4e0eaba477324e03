#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The main job, end to end: a real kernel trace replayed, traced by LTTng, read by babeltrace2.
# Called by ./rig demo from the top folder, after the build.
set -eu
build=build/release
sample=replay/samples/calm
out=build/demo
rm -rf "$out"
mkdir -p "$out"

step() {
	printf '\n== %s\n' "$*"
}

step "Page frames: does our allocator choose the kernel's? (kmemrig replay --level page)"
"$build/kmemrig" replay --level page --state "$sample/before.state.xz" \
	--expect-state "$sample/after.state.xz" "$sample/trace.dat.xz"

step "Objects through SLUB, recorded by LTTng (kmemrig replay --level object --trace)"
"$build/kmemrig" replay --level object --backend slub --state "$sample/before.state.xz" \
	--trace "$out/trace" --report "$out/report.html" "$sample/trace.dat.xz"

step "The new trace, read by babeltrace2 (kmemrig stat)"
"$build/kmemrig" stat "$out/trace" >"$out/summary.txt"
sed -n '1,45p' "$out/summary.txt"
echo "..."

step "Where things are"
echo "the trace:   $out/trace       (babeltrace2 $out/trace)"
echo "the summary: $out/summary.txt"
[ ! -e "$out/report.html" ] || echo "the report:  $out/report.html  (open it in a browser)"
