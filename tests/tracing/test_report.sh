#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The HTML report in a real browser, where there is one: it draws, shows no broken value, and does
# not overflow a wide and a narrow window. KMEMRIG_SCREENSHOT keeps a picture there.
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || {
	echo "1..0 # SKIP no chromium"
	exit 0
}
build=${KMEMRIG_BUILD:-$PWD/build/release}
case $build in /*) ;; *) build=$PWD/$build ;; esac
export BABELTRACE_PLUGIN_PATH="$build/babeltrace"
work=$(mktemp -d /tmp/kmemrig-report-test-XXXXXX)
trap 'rm -rf "$work"' EXIT
xz -dc tests/tracing/data/failures.txt.xz >"$work/failures.txt"
babeltrace2 "$work/failures.txt" -c sink.kmemrig.report -p "output=\"$work/r.html\",limit=0" || exit 1
cat >"$work/frames.html" <<'HTML'
<body style="margin:0"><iframe src="r.html" style="width:1280px;height:1500px"></iframe>
<iframe src="r.html" style="width:400px;height:1500px"></iframe><pre id="out"></pre><script>
window.onload = () => {
	const results = [...document.querySelectorAll("iframe")].map(frame => {
		const page = frame.contentDocument;
		const text = page.body.innerText;
		return { overflow: page.documentElement.scrollWidth - frame.clientWidth,
			charts: page.querySelectorAll("svg").length, sections: page.querySelectorAll("section").length,
			broken: /undefined|NaN|\[object/.test(text + page.querySelector("main").innerHTML) };
	});
	document.getElementById("out").textContent = "RESULT " + results.map(r =>
		`overflow=${r.overflow <= 0 ? 0 : r.overflow} charts=${r.charts} sections=${r.sections} broken=${r.broken}`).join("; ");
};
</script></body>
HTML
run() {
	"$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$work/profile" \
		--allow-file-access-from-files --window-size=1700,1600 "$@" "file://$work/frames.html" 2>/dev/null
}
echo 1..3
dom=$(run --virtual-time-budget=5000 --dump-dom | grep -o 'RESULT [^<]*')
echo "# $dom"
[ "$(echo "$dom" | grep -o 'overflow=0' | wc -l)" -eq 2 ] && echo "ok 1 - fits 1280 and 400 pixels" ||
	echo "not ok 1 - fits 1280 and 400 pixels"
[ "$(echo "$dom" | grep -o 'charts=4' | wc -l)" -eq 2 ] && echo "ok 2 - all charts are drawn" ||
	echo "not ok 2 - all charts are drawn"
[ "$(echo "$dom" | grep -o 'broken=false' | wc -l)" -eq 2 ] && echo "ok 3 - no broken value is shown" ||
	echo "not ok 3 - no broken value is shown"
[ -z "$KMEMRIG_SCREENSHOT" ] || run --screenshot="$KMEMRIG_SCREENSHOT" >/dev/null
