#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The kernel's own memblock test suite against our memblock: its test files, as they are in Debian's
# linux-source-6.1, are unpacked into build/, compiled against include/ alone and linked with
# libkmemrig.a. None of the suite's stub headers is used; mm/memblock.c is not unpacked.
#
#	tests/memblock/suite.sh [-v]        (./rig suite memblock builds first)
#
# Compiled with the suite's own flags (ASan and UBSan: its expectations hold for memory that is as
# aligned as ASan's malloc makes it, and for cache lines of 32 bytes), without and with NUMA, linked
# with the release library and with the one that has ASan itself; each run silent, with -v, and with
# --movable-node. Exit 0: all passed; 1: a check failed; 2: no source.
set -eu
cd "$(dirname "$0")/../.."

source=${LINUX_SOURCE:-/usr/src/linux-source-6.1.tar.xz}
work=build/suite/memblock
tree=$work/linux-source-6.1/tools/testing
verbose=false
[ "${1:-}" != -v ] || verbose=true

[ -r "$source" ] || {
	echo "tests/memblock/suite.sh: $source: not found (Debian package linux-source-6.1)" >&2
	exit 2
}
mkdir -p "$work"
if [ ! -e "$work/unpacked" ] || [ "$source" -nt "$work/unpacked" ]; then
	echo "unpacking the suite from $source" >&2
	tar -xJf "$source" -C "$work" --wildcards \
		'linux-source-6.1/tools/testing/memblock/main.c' \
		'linux-source-6.1/tools/testing/memblock/tests/*' \
		'linux-source-6.1/tools/testing/selftests/kselftest.h'
	touch "$work/unpacked"
fi
scons -Q variant=release,asan build/release/libkmemrig.a build/asan/libkmemrig.a >"$work/build.log" ||
	{
		cat "$work/build.log" >&2
		exit 2
	}

failed=0
total=0

# run NAME PROGRAM [ARGUMENT]: passes when it ends well, says "not ok" nowhere, and -v says enough
run() {
	name=$1
	shift
	log=$work/log
	code=0
	ASAN_OPTIONS=detect_leaks=1 "$@" >"$log" 2>&1 || code=$?
	good=$(grep -c '^ok ' "$log" || true)
	bad=$(grep -c -e '^not ok ' -e 'runtime error' -e 'ERROR: AddressSanitizer' "$log" || true)
	verdict=passed
	if [ "$code" -ne 0 ] || [ "$bad" -ne 0 ]; then
		verdict="FAILED (exit code $code)"
		failed=$((failed + 1))
		tail -n 20 "$log" >&2
	fi
	case " $* " in
	*" -v "*)
		[ "$good" -gt 0 ] || {
			verdict="FAILED: no check ran"
			failed=$((failed + 1))
		}
		total=$((total + good))
		verdict="$verdict, $good checks"
		! $verbose || cat "$log"
		;;
	esac
	printf '%-34s %s\n' "$name" "$verdict"
}

for variant in release asan; do
	for numa in plain NUMA; do
		case $numa in
		NUMA) define="-D CONFIG_NUMA -D CONFIG_NODES_SHIFT=4" ;;
		*) define="" ;;
		esac
		program=$work/main-$variant-$numa
		# shellcheck disable=SC2086
		gcc -I include -I "$tree/memblock" -Wall -O2 -D CONFIG_PHYS_ADDR_T_64BIT $define \
			-fsanitize=address -fsanitize=undefined -D CONFIG_X86_L1_CACHE_SHIFT=5 \
			"$tree/memblock/main.c" "$tree"/memblock/tests/*.c \
			"build/$variant/libkmemrig.a" -lfdt -ldl -lm -pthread -o "$program"
		run "$variant $numa" "$program"
		run "$variant $numa -v" "$program" -v
		run "$variant $numa --movable-node -v" "$program" --movable-node -v
	done
done

if [ "$failed" -ne 0 ]; then
	echo "memblock suite: $failed runs failed"
	exit 1
fi
echo "memblock suite: all passed, $total checks in 12 runs"
