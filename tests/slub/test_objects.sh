#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Objects of a recorded kernel replayed through SLUB: each comes from the traced address, and in the
# end the lists are the recorded ones.
set -u
. tests/report.sh
sample=replay/samples/calm
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$build/kmemrig" replay --level object --json --state $sample/before.state.xz \
	--expect-state $sample/after.state.xz $sample/trace.dat.xz >"$work/json" 2>"$work/errors"
report $? "the replay ends well, all page lists as recorded"

figure() { # PART NAME
	python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]][sys.argv[3]])' \
		"$work/json" "$1" "$2"
}

[ "$(figure object exact)" = "$(figure object allocs)" ] && [ "$(figure object allocs)" -gt 10000 ]
report $? "$(figure object exact) of $(figure object allocs) objects from the traced address"
[ "$(figure page exact)" = "$(figure page allocs)" ] && [ "$(figure page allocs)" -gt 10000 ]
report $? "$(figure page exact) of $(figure page allocs) other pages as traced"
[ "$(figure state slab_lists_identical)" -ge $(($(figure state slab_lists) - 1)) ]
report $? "$(figure state slab_lists_identical) of $(figure state slab_lists) slab lists as recorded"
echo "1..$number"
