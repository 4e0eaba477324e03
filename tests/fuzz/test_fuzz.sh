#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The fuzz targets as tests (TAP): corpora and inputs of chance through the plain programs under
# ASan+UBSan, the canary that must be found, and runs that repeat to the byte.
set -u
cd "$(dirname "$0")/../.." || exit 2
plain=build/asan/fuzz
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0
failed=0

ok() { # STATUS NAME: 0 is a pass
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		sed 's/^/# /' "$work/log" | tail -n 20
		failed=1
	fi
}

if [ ! -x "$plain/page" ]; then
	echo "1..0 # SKIP $plain was not built (scons variant=asan fuzzers)"
	exit 0
fi

model="vmalloc mempool highmem fault kmalloc pageapi"
for target in page slab machine memblock $model script state proc dts tracedat text plugin ctf; do
	timeout 120 "$plain/$target" "fuzz/corpus/$target" >"$work/log" 2>&1
	ok $? "$target: its corpus finds nothing"
done

for target in page slab machine memblock $model; do
	timeout 120 "$plain/$target" --seeds 1 40 >"$work/log" 2>&1
	ok $? "$target: 40 inputs of chance (seed 1) find nothing"
done

# The canary: a page handed out twice. With the very inputs that find nothing without it.
"$plain/page" --make "$work" 1 10
KMEMRIG_CANARY=1 "$plain/page" --triage "$work"/chance-* >"$work/log" 2>&1
canary=$(awk -F'\t' '$1 == "checked.frames_free" { print $2; exit }' "$work/log")
[ -n "$canary" ]
ok $? "the canary is found, by its check's name"
"$plain/page" "${canary:-/nonexistent}" >"$work/log" 2>&1
ok $? "the same input finds nothing without the canary"
KMEMRIG_CANARY=1 timeout 120 "$plain/page" --shrink "${canary:-/nonexistent}" >"$work/log" 2>/dev/null
[ "$(grep -c '^[a-zA-Z] ' "$work/log")" -le 8 ] && grep -q '^# finds: checked.frames_free' "$work/log"
ok $? "it shrinks to at most 8 ops"

if [ -x build/fuzz/fuzz/page ]; then
	mkdir -p "$work/inputs" "$work/crashes"
	"$plain/page" --make "$work/inputs" 2 20
	KMEMRIG_CANARY=1 timeout 60 build/fuzz/fuzz/page -seed=1 -max_total_time=40 \
		-max_len=5000 -len_control=0 -artifact_prefix="$work/crashes/" "$work/inputs" \
		>"$work/log" 2>&1
	ls "$work"/crashes/crash-* >/dev/null 2>&1
	ok $? "libFuzzer finds the canary within seconds"
fi

for target in page slab machine; do
	setarch -R "$plain/$target" --results fuzz/corpus/$target/chance-1-[0-4] \
		>"$work/first" 2>"$work/log"
	"$plain/$target" --results fuzz/corpus/$target/chance-1-[0-4] >"$work/second" 2>>"$work/log"
	cmp "$work/first" "$work/second" >>"$work/log" 2>&1 && grep -q digest "$work/first"
	ok $? "$target: the same bytes give the same results and events, with and without ASLR"
done

if [ -x build/release/kmemrig ]; then
	build/release/kmemrig fuzz no-such-target >"$work/log" 2>&1
	[ $? -eq 2 ] && [ "$(wc -l <"$work/log")" -eq 1 ]
	ok $? "kmemrig fuzz: an unknown target is one line and exit code 2"
fi

echo "1..$number"
exit $failed
