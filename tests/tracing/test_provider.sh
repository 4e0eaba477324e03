#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The LTTng-UST provider: its events are the kernel's, and a person can read their codes while a
# program still has the numbers.
build=${KMEMRIG_BUILD:-$PWD/build/release}
case $build in /*) ;; *) build=$PWD/$build ;; esac
top=$PWD
sample=$top/replay/samples/calm
export BABELTRACE_PLUGIN_PATH="$build/babeltrace"
work=$(mktemp -d /tmp/kmemrig-provider-XXXXXX)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
number=0

ok() { # STATUS NAME
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then echo "ok $number - $2"; else echo "not ok $number - $2"; fi
}

record() { # FOLDER COMMAND...
	folder=$1
	shift
	"$build/kmemrig" trace -q -o "$folder" -- "$@" >/dev/null
}

echo 1..7
record all "$build/tests/tracing/test_lttng" emit 1
babeltrace2 -o ctf-metadata "$(dirname "$(find all -name metadata)")" >metadata
differences=$(python3 "$top/tests/tracing/kernel_events.py" compare "$top/tests/tracing/data/kernel-events.txt" metadata)
[ "${differences% events}" -ge 31 ]
ok $? "events, fields, their order and types, and names of codes are those of Linux 6.1"
printf '%s\n' "$differences" | sed 's/^/# /'

babeltrace2 all >all.txt
for text in 'accounted = ( "true" : container = 1 )' 'migratetype = ( "MIGRATE_RECLAIMABLE" : container = 2 )' \
	'sync = ( "sync" : container = 1 ), status = ( "success" : container = 8 )' \
	'gfp_flags = ( "GFP_ATOMIC|__GFP_COMP" : container = 264736 )'; do
	grep -q -F "$text" all.txt || echo "$text"
done >missing
[ ! -s missing ]
ok $? "codes have names and numbers$(sed 's/^/; missing: /' missing)"

xz -dc "$sample/trace.dat.xz" >calm.dat
record calm "$build/kmemrig" replay --level object --state "$sample/before.state.xz" calm.dat
babeltrace2 calm >calm.txt
[ "$(grep -c container calm.txt)" -gt 20000 ] && ! grep -q '<unknown>' calm.txt
ok $? "every code of a replay has a name ($(grep -c container calm.txt) events)"

# GFP_USER with four modifiers has no enumerator
printf 'k 0 100 193cc0\nf 0\n' >odd.ops
record odd "$build/kmemrig" run odd.ops
[ $? -eq 0 ] && babeltrace2 odd | grep 'bytes_req = 100' | grep -q -F 'gfp_flags = ( <unknown> : container = 1653952 )'
ok $? "a combination without a name is shown by its number"
babeltrace2 odd -c filter.kmemrig.decode | grep 'bytes_req = 100' |
	grep -q -F 'gfp_names = "GFP_USER|__GFP_NOWARN|__GFP_NORETRY|__GFP_NOMEMALLOC|__GFP_WRITE"'
ok $? "which filter.kmemrig.decode names"
# what babeltrace2 2.1 needs to put names together: each flag by itself
awk '/"[^"|]*" = [0-9]+,/ { gsub(/,/, "", $3); seen[$3] = $1 }
	END { for (bit = 1; bit < 16777216; bit *= 2) if (!(bit in seen)) print bit, "has no name" }' metadata >flags
[ ! -s flags ]
ok $? "each of the 24 flags has a name of its own$(sed 's/^/; /' flags)"

"$build/kmemrig" trace -q -o named -- "$build/kmemrig" run odd.ops >/dev/null
babeltrace2 named | grep kmemrig:op_end: | grep -q -F 'result = ( "done" : container = 0 )'
ok $? "what came of an op has a name"
