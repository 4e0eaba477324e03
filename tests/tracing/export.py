#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Helps test_export.sh.

layout REAL EXPORT [LACKING...]  What of EXPORT's metadata (CTF as text) differs from that of a
                                 recording of LTTng's kernel tracer: prints the differences.
                                 LACKING: event.field that the input can't have told.
memtop                           lttng-memtop-mi's answer (stdin) as lines "alloc|free TID EVENTS".
make FOLDER                      A CTF trace of two CPUs with events of the scheduler: see EVENTS.
make-variant FOLDER              A CTF trace with fields of all structures.
"""
import json
import os
import re
import struct
import sys


def parse(path):
    """Names and types; text is "text", however it is stored, integers are (bits, signed, hex)."""
    text = open(path).read()

    def fields(body):
        found = {}
        for match in re.finditer(r"(string(?:\s*\{[^}]*\})?|integer\s*\{[^}]*\}|unsigned long|uint\w+)"
                                 r"\s+(\w+)(\[\d+\])?;", body):
            kind, name, array = match.groups()
            name = name.removeprefix("_")
            size = re.search(r"size = (\d+)", kind) or re.search(r"uint(\d+)_", kind)
            if kind.startswith("string") or (array and "UTF8" in kind):
                found[name] = "text"
            elif size is None:
                found[name] = (64, False, False)
            else:
                found[name] = (int(size[1]), bool(re.search(r"signed = (1|true)", kind)),
                               bool(re.search(r"base = (16|x|hex)", kind)))
        return found

    def struct_of(pattern):
        match = re.search(pattern + r"[^{]*\{(.*?)\n\s*\}", text, re.S)
        return fields(match[1])

    env = re.search(r"\nenv \{(.*?)\n\}", text, re.S)[1]
    clock = re.search(r"\nclock \{(.*?)\n\}", text, re.S)[1]
    packet = r"struct packet_context" if "\nstruct packet_context" in text else r"packet\.context := struct"
    events = {}
    for body in re.findall(r"\nevent \{(.*?)\n\};", text, re.S):
        events[re.search(r'name = "?([^";]+)', body)[1]] = fields(body.split("fields :=")[1])
    return {"env": dict(re.findall(r"(\w+) = (.*?);", env)),
            "clock": {k: v.strip('"') for k, v in re.findall(r"(\w+) = ([^;]*?)\s*;", clock)},
            "packet": struct_of(packet), "context": struct_of(r"event\.context := struct"),
            "events": events}


def layout(real, export, lacking):
    real, export = parse(real), parse(export)
    lacking = set(lacking)
    for name, value in real["env"].items():
        ours = export["env"].get(name)
        if ours is None or (ours[0] == '"') != (value[0] == '"'):
            print(f"env {name}: {ours}, LTTng's is {value}")
        elif name in ("domain", "sysname", "tracer_name", "tracer_major", "tracer_minor",
                      "tracer_patchlevel", "trace_buffering_scheme") and ours != value:
            print(f"env {name}: {ours}, LTTng's is {value}")
    for name in ("name", "freq"):
        if export["clock"][name] != real["clock"][name]:
            print(f"clock {name}: {export['clock'][name]}, LTTng's is {real['clock'][name]}")
    for part in ("packet", "context"):
        if export[part] != real[part]:
            print(f"{part}: {export[part]}, LTTng's is {real[part]}")
    common = set(real["events"]) & set(export["events"])
    if len(common) < 7:
        print(f"only {sorted(common)} are in both")
    for event in sorted(common):
        expected = {k: v for k, v in real["events"][event].items() if f"{event}.{k}" not in lacking}
        # in LTTng's order
        if list(export["events"][event].items()) != list(expected.items()):
            print(f"{event}: {export['events'][event]}, LTTng's is {expected}")
    for event in export["events"]:
        if event.startswith(("kmem:", "vmscan:", "compaction:")):
            print(f"{event} has a name of another tracer")


def memtop():
    text = sys.stdin.read()
    for table in json.loads(text[text.index("{"):])["results"]:
        kind = {"allocd": "alloc", "freed": "free"}.get(table["class"])
        for process, pages in table["data"] if kind else ():
            if pages["value"]:
                print(kind, process["tid"], pages["value"])


INTEGER = "integer { size = %d; align = 8; signed = %s; }"
FIELDS = {"u32": (INTEGER % (32, "false"), "<I"), "s32": (INTEGER % (32, "true"), "<i"),
          "u64": (INTEGER % (64, "false"), "<Q"), "s64": (INTEGER % (64, "true"), "<q"),
          "text": ("string", None)}
CONTEXT = (("pid", "s32"), ("tid", "s32"), ("procname", "text"))
EVENTS = {
    "sched:sched_switch": (("prev_comm", "text"), ("prev_pid", "s32"), ("prev_prio", "s32"), ("prev_state", "s64"),
                           ("next_comm", "text"), ("next_pid", "s32"), ("next_prio", "s32")),
    "sched:sched_wakeup": (("comm", "text"), ("pid", "s32"), ("prio", "s32"), ("target_cpu", "s32")),
    "sched:sched_process_fork": (("parent_comm", "text"), ("parent_pid", "s32"), ("child_comm", "text"),
                                 ("child_pid", "s32")),
    "kmem:mm_page_alloc": (("pfn", "u64"), ("order", "u32"), ("gfp_flags", "u64"), ("migratetype", "s32")),
    "kmem:mm_page_free": (("pfn", "u64"), ("order", "u32")),
    "vmscan:mm_shrink_slab_end": (("shr", "u64"), ("nid", "s32"), ("shrink", "u64"), ("unused_scan", "s64"),
                                  ("new_scan", "s64"), ("retval", "s32"), ("total_scan", "s64")),
    "vmscan:mm_vmscan_lru_isolate": (("highest_zoneidx", "s32"), ("order", "s32"), ("lru", "s32")),
    "compaction:mm_compaction_isolate_freepages": (("start_pfn", "u64"), ("end_pfn", "u64")),
    "oom:mark_victim": (("pid", "s32"),),
}
PACKETS = (  # CPU, events lost before its end, events: (time, (pid, tid, comm), name, values)
    (0, 0, ((1000, (7, 8, "thread"), "kmem:mm_page_alloc", (5, 0, 0x100000cc0, 0)),
            (1100, (7, 8, "thread"), "kmem:mm_page_free", (5, 0)),
            (1200, (7, 8, "thread"), "sched:sched_switch", ("thread", 8, 120, 1, "init", 1, 100)),
            (1300, (1, 1, "init"), "kmem:mm_page_alloc", (6, 1, 0xdc0, 1)),
            (1400, (1, 1, "init"), "sched:sched_wakeup", ("thread", 8, 120, 1)))),
    (1, 0, ((1050, (0, 0, "swapper/1"), "vmscan:mm_shrink_slab_end", (1, -1, 2, 3, 4, 5, -6)),
            (1150, (9, 9, "late"), "sched:sched_process_fork", ("late", 9, "child", 10)))),
    (1, 5, ((1500, (9, 9, "late"), "vmscan:mm_vmscan_lru_isolate", (2, 0, 3)),
            (1600, (9, 9, "late"), "compaction:mm_compaction_isolate_freepages", (16, 32)),
            (1700, (9, 9, "late"), "oom:mark_victim", (9,)))),
)


def members(fields):
    return " ".join(f"{FIELDS[kind][0]} {name};" for name, kind in fields)


def pack(fields, values):
    return b"".join(v.encode() + b"\0" if kind == "text" else struct.pack(FIELDS[kind][1], v)
                    for (_, kind), v in zip(fields, values, strict=True))


def make(folder):
    os.makedirs(folder)
    time = "integer { size = 64; align = 8; map = clock.c.value; }"
    events = "".join(f'event {{ name = "{name}"; id = {i}; stream_id = 0; fields := struct {{ {members(fields)} }}; }};\n'
                     for i, (name, fields) in enumerate(EVENTS.items()))
    with open(f"{folder}/metadata", "w") as file:
        file.write(f"""/* CTF 1.8 */
trace {{ major = 1; minor = 8; byte_order = le;
	packet.header := struct {{ {members((("magic", "u32"), ("stream_id", "u32")))} }}; }};
env {{ hostname = "two"; domain = "kernel"; kernel_release = "6.1.0"; }};
clock {{ name = "c"; freq = 1000000000; }};
stream {{ id = 0;
	packet.context := struct {{ {time} timestamp_begin; {time} timestamp_end;
		{members((("content_size", "u64"), ("packet_size", "u64"), ("events_discarded", "u64"), ("cpu_id", "u32")))} }};
	event.header := struct {{ {members((("id", "u32"),))} {time} timestamp; }};
	event.context := struct {{ {members(CONTEXT)} }}; }};
{events}""")
    for cpu, lost, records in PACKETS:
        data = b"".join(struct.pack("<IQ", list(EVENTS).index(name), stamp) + pack(CONTEXT, task) +
                        pack(EVENTS[name], values) for stamp, task, name, values in records)
        bits = 8 * (len(data) + 52)
        with open(f"{folder}/cpu{cpu}", "ab") as file:
            file.write(struct.pack("<IIQQQQQI", 0xC1FC1FC1, 0, records[0][0], records[-1][0], bits, bits, lost, cpu))
            file.write(data)


def make_variant(folder):
    """Events with an array, a sequence, a structure and a variant beside a kmem event."""
    os.makedirs(folder)
    byte = INTEGER % (8, "false")
    with open(f"{folder}/metadata", "w") as file:
        file.write(f"""/* CTF 1.8 */
trace {{ major = 1; minor = 8; byte_order = le; packet.header := struct {{ {members((("magic", "u32"), ("stream_id", "u32")))} }}; }};
clock {{ name = "c"; freq = 1000000000; }};
stream {{ id = 0;
	packet.context := struct {{ {members((("content_size", "u64"), ("packet_size", "u64"), ("cpu_id", "u32")))} }};
	event.header := struct {{ {members((("id", "u32"),))} integer {{ size = 64; align = 8; map = clock.c.value; }} timestamp; }}; }};
event {{ name = "net:odd"; id = 0; stream_id = 0; fields := struct {{ {byte} n; {byte} sequence[n]; {byte} array[3];
	struct {{ {byte} inner; }} nested;
	enum : {byte} {{ A = 0, B = 1 }} tag; variant <tag> {{ {byte} A; string B; }} choice; }}; }};
event {{ name = "kmem:kfree"; id = 1; stream_id = 0; fields := struct {{ {members((("call_site", "u64"), ("ptr", "u64")))} }}; }};
""")
    records = (struct.pack("<IQ", 0, 100) + bytes([2, 7, 8, 1, 2, 3, 9, 1]) + b"text\0" +
               struct.pack("<IQ", 0, 110) + bytes([0, 4, 5, 6, 9, 0, 33]) + struct.pack("<IQQQ", 1, 120, 1, 2))
    bits = 8 * (len(records) + 28)
    with open(f"{folder}/cpu1", "wb") as file:
        file.write(struct.pack("<IIQQI", 0xC1FC1FC1, 0, bits, bits, 1) + records)


if sys.argv[1] == "layout":
    layout(sys.argv[2], sys.argv[3], sys.argv[4:])
elif sys.argv[1] == "memtop":
    memtop()
elif sys.argv[1] == "make-variant":
    make_variant(sys.argv[2])
else:
    make(sys.argv[2])
