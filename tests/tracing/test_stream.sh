#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kmemrig trace to a relay daemon: the same trace as a local one, live viewers, snapshots, and a relay
# daemon that is not there or dies.
. tests/report.sh
. tests/tracing/session.sh

text() { # FOLDER: the traces below it, as text
	babeltrace2 --no-delta "$1"
}

text_of_relay() { # what the relay daemon has, then nothing
	babeltrace2 --no-delta "$work/relay"
	rm -rf "$work/relay"/*
}

start_relay
"$kmemrig" trace -q --clock machine -o "$work/local" -- "$emitter" emit 2000 >"$work/out"
text "$work/local" >"$work/local.txt"
"$kmemrig" trace -q --clock machine --url "$relay_url" -- "$emitter" emit 2000 >"$work/out"
report $? "a trace is streamed"
text_of_relay >"$work/streamed.txt"
[ "$(grep -c kmem:kfree "$work/streamed.txt")" -eq 2000 ] && cmp "$work/local.txt" "$work/streamed.txt"
report $? "it is the local one: the same events and the machine's time stamps"
head -1 "$work/local.txt" | grep -q '^\[00:00:05.00000'
report $? "which begin with the machine's clock, not with today's"

cat >"$work/with-viewer" <<END
babeltrace2 --no-delta -i lttng-live "$relay_viewers/host/\$(hostname)/kmemrig-\$PPID" \
	>"$work/live.txt" 2>"$work/live.err" &
echo \$! >"$work/viewer"
sleep 1
"$emitter" emit 2000 >"$work/out"
for try in \$(seq 100); do
	[ "\$(grep -c kmem:kfree "$work/live.txt")" -lt 2000 ] || exit 0
	sleep 0.1
done
exit 9
END
"$kmemrig" trace --clock machine --url "$relay_url" --live 100000 -- sh "$work/with-viewer" 2>"$work/err"
report $? "a live viewer sees all events while the session runs"
for try in $(seq 100); do kill -0 "$(cat "$work/viewer")" 2>/dev/null || break; sleep 0.1; done
kill "$(cat "$work/viewer")" 2>/dev/null
report $((! $?)) "it ends with the session"
cmp "$work/local.txt" "$work/live.txt"
report $? "what it saw is the local trace"
grep -q "babeltrace2 -i lttng-live net://127.0.0.1/host/$(hostname)/kmemrig-[0-9]" "$work/err"
report $? "kmemrig trace says how to view the session"
text_of_relay >"$work/streamed.txt"
cmp "$work/local.txt" "$work/streamed.txt"
report $? "what the relay daemon keeps of it is the local trace"

"$kmemrig" trace -q --url "$relay_url" --snapshot 256k -- "$emitter" fail 1000 3 >"$work/out"
[ $? -eq 3 ] && [ "$(find "$work/relay" -name metadata | wc -l)" -eq 2 ] &&
	[ "$(find "$work/relay" -name 'check-failed-*' | wc -l)" -eq 2 ]
report $? "a snapshot of each failed check is streamed, and none is saved twice"
text_of_relay | grep -q 'kmemrig:check_failed.*second'
report $? "the last failed check is in it"

cat >"$work/without-relay" <<END
. "$work/begin"
begin emit 400000
kill -KILL $relay_pid
wait \$!
END
timeout 90 "$kmemrig" trace -q --url "$relay_url" -- sh "$work/without-relay" 2>"$work/err"
[ $? -eq 1 ] && grep -q 'may be incomplete' "$work/err"
report $? "a relay daemon that dies is told, with exit 1 ($(cat "$work/err"))"
wait "$relay_pid" 2>/dev/null
timeout 60 "$kmemrig" trace -q --url "$relay_url" -- touch "$work/ran" 2>"$work/err"
[ $? -eq 2 ] && grep -q 'relayd' "$work/err" && [ ! -e "$work/ran" ]
report $? "one that is not there is told before the command runs, with exit 2"
nothing_left
report $? "no daemon and no folder is left"
echo "1..$number"
