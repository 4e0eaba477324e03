#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The kernel's memory events beside ours.

usage: kernel_events.py list TREE             from a kernel's source: its events with the fields that
                                              they store and their types, and the names of its codes;
                                              how data/kernel-events.txt was made
       kernel_events.py compare LIST METADATA what differs in our LTTng-UST provider's metadata
"""
import re
import sys

SYSTEMS = ("kmem", "vmscan", "compaction")
TYPES = {"unsigned long": "u64", "size_t": "u64", "const void *": "u64", "void *": "u64", "struct shrinker *": "u64",
         "unsigned long long": "u64", "u64": "u64", "long": "s64", "int": "s32", "unsigned int": "u32",
         "bool": "u8", "enum lru_list": "s32", "enum zone_type": "u32"}


def fields_of(body):
    fields = []
    for kind, arguments in re.findall(r"__(field|string)\(([^)]*)\)", re.search(r"TP_STRUCT__entry\((.*?)\n\t\)", body, re.S)[1]):
        words = [re.sub(r"\s+", " ", word).strip() for word in arguments.split(",")]
        fields.append(f"{words[0]}:text" if kind == "string" else f"{words[1]}:{TYPES.get(words[0], words[0])}")
    return " ".join(fields)


def enumerators(text, name):
    """Numbers by name, of an enum without expressions but names of its own."""
    numbers, following = {}, 0
    body = re.sub(r"/\*.*?\*/", "", re.search(name + r"\s*\{(.*?)\}", text, re.S)[1], flags=re.S)
    for word in filter(None, (word.strip() for word in body.split(","))):
        label, _, value = (part.strip() for part in word.partition("="))
        numbers[label] = numbers.get(value, following) if value else following
        following = numbers[label] + 1
    return numbers


def list_kernel(tree):
    for system in SYSTEMS:
        text = open(f"{tree}/include/trace/events/{system}.h").read()
        classes = {name: fields_of(body) for name, body in
                   re.findall(r"DECLARE_EVENT_CLASS\((\w+),(.*?)\n\);", text, re.S)}
        events = {name: fields_of(body) for name, body in re.findall(r"TRACE_EVENT\((\w+),(.*?)\n\t?\);", text, re.S)}
        events |= {name: classes[kind] for kind, name in re.findall(r"DEFINE_EVENT\((\w+),\s*(\w+),", text)}
        for name in sorted(events):
            print("event", f"{system}:{name}", events[name])
    flags = open(f"{tree}/include/trace/events/mmflags.h").read()
    compaction = open(f"{tree}/include/linux/compaction.h").read()
    for name, names in (("compact_result", "COMPACTION_STATUS"), ("compact_priority", "COMPACTION_PRIORITY")):
        numbers = enumerators(compaction, f"enum {name}")
        shown = re.search(rf"#define {names}\s(.*?)\n\n", flags, re.S)[1]
        for label, text in re.findall(r'EMe?\(\s*(\w+),\s*"(\w+)"', shown):
            print("code", name, numbers[label], text)
    counters = open(f"{tree}/include/linux/mm_types_task.h").read()
    for label, number in enumerators(counters, "enum").items():
        if label.startswith("MM_"):
            print("code mm_counter", number, label)


def compare(path, metadata):
    lines = [line.split() for line in open(path)]
    events = {line[1]: line[2:] for line in lines if line[0] == "event"}
    codes = {}
    for _, name, number, text in (line for line in lines if line[0] == "code"):
        codes.setdefault(name, []).append((int(number), text))
    text = open(metadata).read()
    ours, enums = {}, {}
    for body in re.findall(r"\nevent \{(.*?)\n\};", text, re.S):
        name = re.search(r'name = "([^"]+)', body)[1]
        fields = []
        for kind, size, signed, values, field in re.findall(
                r"(string|integer \{ size = (\d+);[^}]*signed = (\d);[^}]*\})(?:\s*\{(.*?)\})?\s+_?(\w+);", body.split("fields :=")[1], re.S):
            fields.append(f"{field}:text" if kind == "string" else f"{field}:{'su'[signed == '0']}{size}")
            if values:
                enums.setdefault((name, field), sorted(
                    (int(number), label) for label, number in re.findall(r'"([^"]+)" = (-?\d+)', values)))
        ours[name] = fields
    old = {"kmem:mm_page_free_direct", "kmem:kmem_cache_alloc_node", "kmem:kmalloc_node"}
    for name in events:
        if name.startswith("kmem:") and name not in ours:
            print(f"{name} is the kernel's and not ours")
    for name, fields in ours.items():
        if name.startswith("kmemrig:") or name in old:
            continue
        if name not in events:
            print(f"{name} is not the kernel's")
        elif fields != events[name]:
            print(f"{name}: {fields}, the kernel's are {events[name]}")
    for (event, field), name in {("compaction:mm_compaction_end", "status"): "compact_result",
                                 ("compaction:mm_compaction_try_to_compact_pages", "prio"): "compact_priority",
                                 ("kmem:rss_stat", "member"): "mm_counter"}.items():
        if enums.get((event, field)) != sorted(codes[name]):
            print(f"{event} {field}: {enums.get((event, field))}, the kernel's are {sorted(codes[name])}")
    print(f"{len(ours)} events")


if sys.argv[1] == "list":
    list_kernel(sys.argv[2])
else:
    compare(*sys.argv[2:4])
