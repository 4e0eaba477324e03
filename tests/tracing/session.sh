# SPDX-License-Identifier: GPL-2.0-only
# For tests of kmemrig trace (". tests/tracing/session.sh", after report.sh): a folder of their own,
# in $work, where sessions have theirs; what ends and stops the daemons of a session.
case $build in /*) ;; *) build=$PWD/$build ;; esac
kmemrig=$build/kmemrig
emitter=$build/tests/tracing/test_lttng
work=$(mktemp -d /tmp/kmemrig-test-XXXXXX)
chmod 755 "$work"
mkdir "$work/tmp" && chmod 1777 "$work/tmp"
export TMPDIR="$work/tmp"
trap 'rm -rf "$work"' EXIT

# Fails when a daemon or a folder of a session is there.
nothing_left() {
	! { ps -eo args | grep "^lttng-sessiond .*$work/" || ls "$work/tmp" | grep .; } >&2
}

# The session's daemons, told from within the session. A consumer daemon is the session daemon's
# child; there may be another, which runs commands as somebody else.
cat >"$work/daemon" <<'END'
case $1 in
session) cat "$LTTNG_HOME/sessiond.pid" ;;
consumer) for child in $(pgrep -P "$(cat "$LTTNG_HOME/sessiond.pid")"); do
	[ "$(tr '\0' '\n' <"/proc/$child/cmdline" | head -1)" != lttng-consumerd ] || echo "$child"
done ;;
esac
END

# begin ARGUMENT...: $emitter in the background; returns when it records.
cat >"$work/begin" <<END
begin() {
	"$emitter" "\$@" >"$work/begun" &
	until grep -q recording "$work/begun"; do sleep 0.02; done
}
END

# start_relay: lttng-relayd on free ports; $relay_url, $relay_viewers, $relay_pid, $work/relay.
start_relay() {
	set -- $(python3 -c 'import socket
s = [socket.socket() for i in range(3)]
for i in s: i.bind(("127.0.0.1", 0))
print(*(i.getsockname()[1] for i in s))')
	mkdir -p "$work/relay" "$work/relay-home"
	LTTNG_HOME="$work/relay-home" lttng-relayd -o "$work/relay" -C "tcp://127.0.0.1:$1" \
		-D "tcp://127.0.0.1:$2" -L "tcp://127.0.0.1:$3" >"$work/relay.log" 2>&1 &
	relay_pid=$!
	relay_url=net://127.0.0.1:$1:$2
	relay_viewers=net://127.0.0.1:$3
	for try in $(seq 100); do
		python3 -c "import socket; socket.create_connection(('127.0.0.1', $3))" 2>/dev/null && break
		sleep 0.1
	done
}

end_relay() {
	kill "$relay_pid" 2>/dev/null
	wait "$relay_pid" 2>/dev/null
}
