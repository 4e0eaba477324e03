# SPDX-License-Identifier: GPL-2.0-only
# For test scripts (". tests/report.sh"): the build under test, and results in TAP. A script ends
# with: echo "1..$number"
build=${KMEMRIG_BUILD:-build/release}
number=0

report() { # STATUS TEXT
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then echo "ok $number - $2"; else echo "not ok $number - $2"; fi
}
