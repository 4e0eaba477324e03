#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""perf.data through the plug-in against perf's own answers; prints TAP.

usage: perf.py PERF.DATA FOLDER    FOLDER: for files of the test
"""
import collections
import json
import os
import re
import subprocess
import sys

import perf_kmem

data, folder = sys.argv[1:3]
number = 0


def same(ours, theirs, name):
    global number
    number += 1
    print(f"{'ok' if ours == theirs else 'not ok'} {number} - {name}")
    if ours != theirs:
        print(f"# ours: {str(ours)[:500]}\n# perf: {str(theirs)[:500]}")


def output(*command):
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def summary(path):
    return json.loads(output("babeltrace2", path, "-c", "sink.kmemrig.summary", "-p",
                             'format="json",limit=0,perf=true'))


def kernel_map():
    """perf kmem --page wants symbols of the recording's kernel: the names that it looks for do."""
    build_id = re.search(r"^(\w+) \[kernel.kallsyms\]", output("perf", "buildid-list", "-i", data), re.M)[1]
    place = f"{folder}/build-ids/[kernel.kallsyms]/{build_id}"
    os.makedirs(place)
    with open(f"{place}/kallsyms", "w") as file:
        file.write("ffffffff81000000 T _text\nffffffff81000000 T _stext\n"
                   "ffffffff81000100 T alloc_pages\nffffffff82000000 T _etext\n")
    os.makedirs(f"{folder}/build-ids/.build-id/{build_id[:2]}")
    os.symlink(f"../../[kernel.kallsyms]/{build_id}", f"{folder}/build-ids/.build-id/{build_id[:2]}/{build_id[2:]}")


def kmem(*options):
    return output("perf", "--buildid-dir", f"{folder}/build-ids", "kmem", "-i", data, *options, "stat")


def without(answer, *keys):
    return {key: value for key, value in answer.items() if key not in keys}


ours = summary(data)
counts = collections.Counter(line.strip().rstrip(":") for line in
                             output("perf", "script", "-i", data, "-F", "event").splitlines())
same(dict(sorted(ours["events"].items())), dict(sorted(counts.items())), "counts by event name")
kernel_map()
texts = (kmem("--slab"), kmem("--slab", "--caller", "--raw-ip"), kmem("--slab", "--alloc", "--raw-ip"),
         kmem("--page"))
for name, mine, theirs in perf_kmem.figures(ours, *texts):
    same(mine, theirs, f"perf kmem stat: {name}")

# what perf makes CTF of: with --all names of tasks too, without only their numbers
output("perf", "data", "convert", "-i", data, "--all", "--to-ctf", f"{folder}/ctf-all")
output("perf", "data", "convert", "-i", data, "--to-ctf", f"{folder}/ctf")
converted = summary(f"{folder}/ctf-all")
# perf script does not tell the kernel, the CTF does
same(without(converted, "source", "events", "kernel_release"), without(ours, "source", "events", "kernel_release"),
     "perf data convert --all --to-ctf: every figure of the summary")
same({name: count for name, count in converted["events"].items() if ":" in name}, ours["events"],
     "its events of kmem")
converted = summary(f"{folder}/ctf")
same(without(converted, "source", "tasks", "requests", "kernel_release"),
     without(ours, "source", "tasks", "requests", "kernel_release"),
     "perf data convert --to-ctf: every figure that doesn't hang on names of tasks")


def by_number(answer):
    sums = collections.Counter()
    for task in answer["tasks"]:
        for key in without(task, "comm", "pid"):
            sums[task["pid"], key] += task[key]
    return sums


same(by_number(converted), by_number(ours), "figures of each task by its number")
print(f"1..{number}")
