#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Usage: campaign.sh [SECONDS [NUMBER...]]. Plants each seeded bug (NN-name.patch here) into a copy
# of the tree, and runs its target on inputs of chance for SECONDS (default 60): which are found,
# how fast, and by which check. Exit code 1 when one is missed.
set -u
cd "$(dirname "$0")/../.." || exit 2
seconds=${1:-60}
[ $# -eq 0 ] || shift
tree=build/bugs
missed=0

mkdir -p "$tree"
for part in SConstruct include backends tracing fuzz replay tests; do
	rm -rf "${tree:?}/$part"
	cp -r "$part" "$tree/" || exit 2
done

printf '%-32s %-9s %9s  %s\n' bug target seconds "found by"
for patch in fuzz/bugs/[0-9]*.patch; do
	name=$(basename "$patch" .patch)
	[ $# -eq 0 ] || case " $* " in *" ${name%%-*} "*) ;; *) continue ;; esac
	target=$(sed -n 's/^Target: //p' "$patch")
	if ! patch -s -d "$tree" -p1 <"$patch"; then
		echo "$name: the patch does not fit the tree any more" >&2
		exit 2
	fi
	if ! (cd "$tree" && scons -Q variant=asan fuzzers) >"$tree/log" 2>&1; then
		tail -n 5 "$tree/log" >&2
		exit 2
	fi
	start=$(date +%s%N)
	timeout "$seconds" "$tree/build/asan/fuzz/$target" --seeds 1 1000000 >"$tree/log" 2>&1
	code=$?
	took=$(awk "BEGIN { printf \"%.1f\", ($(date +%s%N) - $start) / 1e9 }")
	if [ $code -eq 124 ]; then
		printf '%-32s %-9s %9s  %s\n' "$name" "$target" "$took" "not found"
		missed=1
	else
		by=$(sed -n 's/^broken invariant: \([^:]*\):.*/\1/p; s/^check: \([^ ]*\) .*/\1/p;
			s/.*ERROR: AddressSanitizer: \([^ ]*\).*/asan.\1/p;
			s/.*runtime error: .*/ubsan/p' "$tree/log" | head -n 1)
		printf '%-32s %-9s %9s  %s\n' "$name" "$target" "$took" "${by:-exit $code}"
	fi
	patch -s -R -d "$tree" -p1 <"$patch"
done
exit $missed
