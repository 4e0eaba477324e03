#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kmemrig trace --snapshot: what is saved when, how much, and that it holds what came right before.
. tests/report.sh
. tests/tracing/session.sh

saved() { # FOLDER: how many
	ls "$1" | wc -l
}

"$kmemrig" trace -q --snapshot 256k -o "$work/t6" -- "$emitter" emit 100000 3 >"$work/out"
[ $? -eq 3 ] && babeltrace2 "$work/t6"/command-failed-* 2>/dev/null | tail -1 | grep -q compaction:mm_compaction_end
report $? "a failing command leaves a snapshot with its last event"
"$kmemrig" trace -q --snapshot 256k -o "$work/t7" -- "$emitter" emit 1000 >"$work/out"
[ $? -eq 0 ] && [ "$(saved "$work/t7")" -eq 0 ]; report $? "a command that succeeds leaves none"

"$kmemrig" trace --snapshot 256k -o "$work/t8" -- "$emitter" fail 30000 0 >"$work/out" 2>"$work/err"
[ $? -eq 0 ] && grep -q "trace in $work/t8" "$work/err" && [ "$(saved "$work/t8")" -eq 2 ]
report $? "each failed check saves a snapshot, though the command succeeds"
for number_and_check in 0-first 1-second; do
	babeltrace2 "$work/t8"/check-failed-*-"${number_and_check%-*}" >"$work/text" 2>/dev/null
	# the round of events that came before, then the check
	tail -1 "$work/text" | grep -q "kmemrig:check_failed.*${number_and_check#*-}" &&
		tail -3 "$work/text" | grep -q compaction:mm_compaction_end &&
		[ "$(tail -16 "$work/text" | grep -c kmem:)" -eq 11 ]
	report $? "its snapshot ends with the ${number_and_check#*-} failed check, and holds what led to it"
done
"$kmemrig" trace -q --snapshot 256k --snapshot-max 1 -o "$work/t9" -- "$emitter" fail 30000 3 >"$work/out"
[ $? -eq 3 ] && [ "$(saved "$work/t9")" -eq 1 ] && babeltrace2 "$work/t9" 2>/dev/null | tail -1 | grep -q first
report $? "--snapshot-max 1 saves the first only, and a check that ends the command is not saved again"

# 64 MiB; pages until there are none, with __GFP_NOWARN, without it, and again
for try in 1 2 3; do seq -f 'p %.0f 10 2cc0' $((try * 100)) $((try * 100 + 99)); done >"$work/ops"
"$kmemrig" trace -q --snapshot 256k --snapshot-failures -o "$work/t10" -- "$kmemrig" run -m 64M --short "$work/ops" >/dev/null
[ "$(saved "$work/t10")" -eq 0 ]; report $? "allocations that may fail silently save none"
sed 's/2cc0/cc0/; 120q' "$work/ops" >"$work/ops2"
"$kmemrig" trace -q --snapshot 256k --snapshot-failures --snapshot-max 3 -o "$work/t11" -- "$kmemrig" run -m 64M --short "$work/ops2" >"$work/out" 2>&1
[ "$(ls -d "$work/t11"/allocation-failed-*-[012] | wc -l)" -eq 3 ] && [ "$(saved "$work/t11")" -eq 3 ] &&
	babeltrace2 "$work/t11"/*-0 2>/dev/null | tail -1 | grep -q 'kmem:mm_page_alloc.*pfn = 0xFFFFFFFFFFFFFFFF, order = 10'
report $? "allocations that fail save snapshots, up to --snapshot-max"

cat >"$work/on-signal" <<END
"$emitter" emit 1000
kill -USR1 \$PPID
for try in \$(seq 100); do ls "$work/t12" | grep -q signal- && break; sleep 0.1; done
"$emitter" emit 10 >"$work/out"
kill -USR1 \$PPID
END
"$kmemrig" trace -q --snapshot 256k -o "$work/t12" -- sh "$work/on-signal" >"$work/out"
[ $? -eq 0 ] && [ "$(ls -d "$work/t12"/signal-*-[01] | wc -l)" -eq 2 ]
report $? "SIGUSR1 saves a snapshot, also right before the end"
[ "$(babeltrace2 "$work/t12"/signal-*-1 2>/dev/null | grep -c kmem:kfree)" -eq 1010 ]
report $? "it holds all that still fits"

for size in 256k 1M 16M; do
	limit=$(numfmt --from=iec "$(echo "$size" | tr k K)")
	"$kmemrig" trace -q --snapshot "$size" -o "$work/size" -- sh -c "'$emitter' hammer 1 800000; exit 1" >"$work/out"
	bytes=$(find "$work/size" -name 'kmem_*' -printf '%s\n' | sort -n | tail -1)
	[ "$bytes" -ge "$limit" ] && [ "$bytes" -le $((limit * 5 / 2)) ]
	report $? "a recorder of $size holds that much, and not much more ($bytes bytes)"
	rm -rf "$work/size"
done
nothing_left
report $? "no daemon and no folder is left"
echo "1..$number"
