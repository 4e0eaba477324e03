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
<body style="margin:0"><iframe src="r.html" style="width:1280px;height:4800px"></iframe>
<iframe src="r.html" style="width:400px;height:4800px"></iframe><pre id="out"></pre><script>
window.onload = () => {
	const results = [...document.querySelectorAll("iframe")].map(frame => {
		const page = frame.contentDocument, errors = [];
		frame.contentWindow.onerror = message => errors.push(message);
		const find = (title, what) => [...page.querySelectorAll("section")].find(s =>
			s.querySelector("h2").textContent === title).querySelectorAll(what);
		const text = page.body.innerText;
		const result = { overflow: page.documentElement.scrollWidth - frame.clientWidth,
			charts: page.querySelectorAll("svg").length, sections: page.querySelectorAll("section").length,
			broken: /undefined|NaN|\[object/.test(text + page.querySelector("main").innerHTML) };
		/* labels of one axis must not lie on each other */
		result.overlaps = 0;
		for (const svg of page.querySelectorAll("svg")) {
			const boxes = [...svg.querySelectorAll("text")].filter(t => t.textContent).map(t => t.getBoundingClientRect());
			boxes.forEach((a, i) => boxes.slice(i + 1).forEach(b => {
				if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3) result.overlaps++;
			}));
		}
		/* a row of failures chooses the state that is shown */
		const before = find("Failed page allocations", "h3")[0].textContent;
		const rows = find("Failed page allocations", "tr.choice");
		[...rows].find(row => !row.classList.contains("chosen")).click();
		result.choice = find("Failed page allocations", "h3")[0].textContent !== before;
		/* a head sorts, by hits: largest first, then smallest first */
		const hits = () => [...find("Call sites", "tr")].slice(1).map(tr => +tr.children[2].textContent.replace(/,/g, ""));
		find("Call sites", "th button")[2].click();
		const down = hits();
		find("Call sites", "th button")[2].click();
		const up = hits();
		const sorted = (list, sign) => list.every((v, i) => !i || sign * (v - list[i - 1]) >= 0);
		result.sorts = down.length > 5 && sorted(down, -1) && sorted(up, 1) && down[0] > down[5];
		/* the keyboard moves along a chart, and enters a cache of the flame graph */
		const cover = find("Live pages", ".cover")[0], tip = page.getElementById("tip");
		cover.dispatchEvent(new frame.contentWindow.KeyboardEvent("keydown", { key: "ArrowLeft" }));
		result.keys = /^at .*\npages: /.test(tip.textContent);
		const cells = find("Who holds the live bytes", ".cell").length;
		find("Who holds the live bytes", ".row")[1].firstChild.dispatchEvent(new frame.contentWindow.KeyboardEvent("keydown", { key: "Enter" }));
		result.zooms = find("Who holds the live bytes", ".cell").length < cells;
		result.errors = errors.length;
		return result;
	});
	document.getElementById("out").textContent = "RESULT " + results.map(r =>
		Object.entries(r).map(([key, value]) => key + "=" + (key === "overflow" && value <= 0 ? 0 : value)).join(" ")).join("; ");
};
</script></body>
HTML
run() {
	"$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$work/profile" \
		--allow-file-access-from-files --window-size=1700,1600 "$@" "file://$work/frames.html" 2>/dev/null
}
number=0
expect() { # TEXT NAME: in both windows
	number=$((number + 1))
	if [ "$(echo "$dom" | grep -o "$1" | wc -l)" -eq 2 ]; then echo "ok $number - $2"; else echo "not ok $number - $2"; fi
}
echo 1..10
dom=$(run --virtual-time-budget=5000 --dump-dom | grep -o 'RESULT overflow[^<]*')
echo "# $dom"
expect 'overflow=0 ' "fits 1280 and 400 pixels"
expect 'charts=9 ' "all charts are drawn"
expect 'broken=false' "no broken value is shown"
expect 'overlaps=0' "no label lies on another"
expect 'choice=true' "a chosen failure shows what was free then"
expect 'sorts=true' "tables sort by their heads"
expect 'keys=true' "the keyboard moves along a chart"
expect 'zooms=true' "the keyboard enters a cache of the flame graph"
expect 'errors=0' "no script error"
babeltrace2 "$work/failures.txt" -c sink.kmemrig.summary -p limit=0 >"$work/text"
sed -n '/<noscript>/,/<\/noscript>/p' "$work/r.html" | sed 's/.*<pre>//; /<\/pre>/d; s/&lt;/</g; s/&amp;/\&/g' >"$work/plain"
if cmp "$work/text" "$work/plain"; then
	echo "ok 10 - without scripts the summary's text is there"
else
	echo "not ok 10 - without scripts the summary's text is there"
fi
[ -z "$KMEMRIG_SCREENSHOT" ] || run --screenshot="$KMEMRIG_SCREENSHOT" >/dev/null
