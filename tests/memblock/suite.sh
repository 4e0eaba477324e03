#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The kernel's own memblock test suite against our memblock: its test files, as they are in Debian's
# linux-source-6.1, are unpacked into build/, compiled against include/ alone and linked with
# libkmemrig.a. None of the suite's stub headers is used for that.
#
# Then the kernel's mm/memblock.c itself, built as the suite builds it, and ours are given the same
# random calls (kernel/random_ops.c): results and region arrays have to be equal after each.
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
		'linux-source-6.1/tools/testing/memblock/*' \
		'linux-source-6.1/tools/testing/selftests/kselftest.h' \
		'linux-source-6.1/tools/include/*' \
		'linux-source-6.1/tools/arch/x86/include/asm/*' \
		'linux-source-6.1/include/linux/memblock.h' \
		'linux-source-6.1/include/linux/gfp_types.h' \
		'linux-source-6.1/mm/memblock.c'
	# test files alone, so that no stub header beside them is found
	mkdir -p "$work/suite/memblock" "$work/suite/selftests"
	cp -r "$tree/memblock/main.c" "$tree/memblock/tests" "$work/suite/memblock"
	cp "$tree/selftests/kselftest.h" "$work/suite/selftests"
	# what the suite's Makefile links
	cp "$work/linux-source-6.1/include/linux/memblock.h" "$tree/memblock/linux"
	for header in asm cmpxchg; do
		cp "$work/linux-source-6.1/tools/arch/x86/include/asm/$header.h" "$tree/memblock/asm"
	done
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
		gcc -I include -I "$work/suite/memblock" -Wall -O2 -D CONFIG_PHYS_ADDR_T_64BIT $define \
			-fsanitize=address -fsanitize=undefined -D CONFIG_X86_L1_CACHE_SHIFT=5 \
			"$work/suite/memblock/main.c" "$work"/suite/memblock/tests/*.c \
			"build/$variant/libkmemrig.a" -lfdt -ldl -lm -pthread -o "$program"
		run "$variant $numa" "$program"
		run "$variant $numa -v" "$program" -v
		run "$variant $numa --movable-node -v" "$program" --movable-node -v
	done
done

# The kernel's memblock and ours, call by call.
build_random() {
	define="-D CONFIG_PHYS_ADDR_T_64BIT -D CONFIG_NUMA -D CONFIG_NODES_SHIFT=4"
	stubs=$tree/memblock
	# warnings are off for the kernel's file, which the suite's stubs do not fit without
	# shellcheck disable=SC2086
	gcc -iquote "$stubs" -I "$stubs" -I "$work/linux-source-6.1/tools/include" -O2 -w $define \
		-D KERNEL_MEMBLOCK tests/memblock/kernel/random_ops.c \
		"$work/linux-source-6.1/mm/memblock.c" "$stubs/mmzone.c" "$stubs/lib/slab.c" \
		-o "$work/random-kernel"
	# shellcheck disable=SC2086
	gcc -I include -O2 -Wall $define tests/memblock/kernel/random_ops.c \
		build/release/libkmemrig.a -lfdt -ldl -lm -pthread -o "$work/random-ours"
}

# lines PROGRAM SEED: what it says of each call; messages of either are no part of it
lines() {
	"$work/random-$1" "$2" 50000 2>"$work/errors" | grep '^= ' >"$work/lines-$1" || true
	tail -n 1 "$work/lines-$1" | grep -q '^= max' || return 1
}

build_random
calls=0
for seed in 1 2 3 4 5 6 7 8; do
	if lines kernel "$seed" && lines ours "$seed" &&
		cmp "$work/lines-kernel" "$work/lines-ours" >&2; then
		calls=$((calls + 50000))
	else
		echo "random calls, seed $seed: FAILED"
		failed=$((failed + 1))
	fi
done
printf '%-34s %s\n' "random calls beside mm/memblock.c" "$calls equal"

if [ "$failed" -ne 0 ]; then
	echo "memblock suite: $failed runs failed"
	exit 1
fi
echo "memblock suite: all passed, $total checks in 12 runs, $calls random calls"
