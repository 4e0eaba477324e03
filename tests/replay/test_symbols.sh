#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# replay --kallsyms: call sites of CTF, which holds addresses only, by the names of a kallsyms file.
. tests/report.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

xz -dc tests/tracing/data/lttng-kernel.tar.xz | tar -C "$work" -xf -
# the site with most allocations, counted in the trace
set -- $(babeltrace2 "$work/capguest" | awk '
	/ (kmem_kmalloc|kmem_cache_alloc): / && match($0, /call_site = 0x[0-9A-F]+/) {
		n[substr($0, RSTART + 14, RLENGTH - 14)]++ }
	END { for (site in n) print n[site], tolower(site) }' | sort -rn | head -n 1)
count=$1
# a function that begins 0x32 before it, in a file whose lines are in no order
start=$(python3 -c 'import sys; print("%016x" % (int(sys.argv[1], 16) - 0x32))' "$2")
printf '%s t late_function [module]\n%s T the_function\n' fffffffffff00000 "$start" >"$work/kallsyms"

"$build/kmemrig" replay --level object --kallsyms "$work/kallsyms" "$work/capguest" >"$work/named"
report $? "a replay of CTF with a kallsyms file"
awk -v n="$count" '$1 == "the_function+0x32" && $2 == n { found = 1 } END { exit !found }' "$work/named"
report $? "the site with most allocations has the function's name and offset ($count)"
"$build/kmemrig" replay --level object "$work/capguest" | awk -v site="0x$2" -v n="$count" \
	'$1 == site && $2 == n { found = 1 } END { exit !found }'
report $? "without it, its address"

echo 'no symbols here' >"$work/wrong"
"$build/kmemrig" replay --kallsyms "$work/wrong" "$work/capguest" >"$work/out" 2>"$work/err"
[ $? -eq 2 ] && grep -q "wrong:1: not a line of kallsyms" "$work/err" && [ ! -s "$work/out" ]
report $? "a file that is none is refused by name and line"
"$build/kmemrig" replay --kallsyms "$work/missing" "$work/capguest" >"$work/out" 2>"$work/err"
[ $? -eq 2 ] && grep -q "missing: No such file" "$work/err" && [ ! -s "$work/out" ]
report $? "a missing one, too"
echo "1..$number"
