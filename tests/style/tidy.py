#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Style that can be checked, as tests (TAP). Usage: tidy.py [TREE]

Each check is also run on a planted violation, so that it is known to be able to fail.
"""
import os
import re
import subprocess
import sys
import tempfile

SOURCE = (".c", ".h")
SCRIPT = (".sh", ".py")
MOST_LINES = 800      # files aim at 600; beyond this one holds two subjects
MOST_COLUMNS = 100
TOP_LEVEL = {"SConstruct", "README.md", "rig", "include", "backends", "tracing", "fuzz", "replay",
             "tests", "docs", "COPYING", ".ci", ".gitignore", ".clang-format", "site_scons"}


def files(tree, endings):
    for folder, folders, names in os.walk(tree):
        folders[:] = [f for f in folders if f not in ("build", ".git", "__pycache__")]
        for name in sorted(names):
            if name.endswith(endings):
                path = os.path.join(folder, name)
                yield os.path.relpath(path, tree), open(path, errors="replace").read()


def licence_line(tree):
    """every source file starts with its SPDX line"""
    for path, text in files(tree, SOURCE + SCRIPT + (".dts",)):
        if "SPDX-License-Identifier: GPL-2.0-only" not in "\n".join(text.split("\n")[:3]):
            yield f"{path}:1: no SPDX line"


def opening_paragraph(tree):
    """every C file says at its top what it is for"""
    for path, text in files(tree, SOURCE):
        head = "\n".join(text.split("\n")[1:4])
        if "/*" not in head:
            yield f"{path}:2: no paragraph that says what this file is for"


def length(tree):
    """no file is so long that it holds two subjects"""
    for path, text in files(tree, SOURCE + SCRIPT):
        if text.count("\n") > MOST_LINES:
            yield f"{path}: {text.count(chr(10))} lines"


def columns(tree):
    """lines fit 100 columns"""
    for path, text in files(tree, SOURCE):
        for number, line in enumerate(text.split("\n"), 1):
            if len(line.expandtabs(8)) > MOST_COLUMNS and '"' not in line:
                yield f"{path}:{number}: {len(line.expandtabs(8))} columns"


def private_headers(tree):
    """a folder's private header is included by that folder only"""
    for path, text in files(tree, SOURCE):
        for number, line in enumerate(text.split("\n"), 1):
            match = re.match(r'#include "(\.\./.*)"', line)
            if match and not path.startswith("tests/"):
                yield f"{path}:{number}: {match.group(1)} is another folder's"


def one_way(tree):
    """backends include neither tracing nor replay nor fuzz, and no C file includes a C file"""
    for path, text in files(tree, SOURCE):
        for number, line in enumerate(text.split("\n"), 1):
            if re.match(r'#include ["<].*\.c[">]', line):
                yield f"{path}:{number}: includes a .c file"
            if path.startswith("backends/") and re.match(
                    r"#include <(lttng|babeltrace2|trace-cmd|jansson)", line):
                yield f"{path}:{number}: a backend depends on a tool's library"


def hidden_time_and_chance(tree):
    """nothing reads rand() or, in backends, the wall clock"""
    for path, text in files(tree, SOURCE):
        for number, line in enumerate(text.split("\n"), 1):
            if re.search(r"(?<![\w>.])s?rand(om)?\(", line):
                yield f"{path}:{number}: chance that no seed repeats"
            if path.startswith("backends/") and re.search(
                    r"\b(gettimeofday|clock_gettime|time)\((NULL|CLOCK|&)", line):
                yield f"{path}:{number}: the wall clock"


def top_level(tree):
    """the top level stays short"""
    for name in sorted(os.listdir(tree)):
        if name not in TOP_LEVEL | {".git", "build", ".sconsign.dblite"}:
            yield f"{name}: new at the top level"


def formatted(tree):
    """clang-format would change nothing"""
    paths = [os.path.join(tree, p) for p, _ in files(tree, SOURCE)]
    if not paths:
        return
    result = subprocess.run(["clang-format", "--dry-run", "-style=file", *paths],
                            capture_output=True, text=True)
    seen = set()
    for line in result.stderr.split("\n"):
        match = re.match(r"(.*?):(\d+):\d+: (warning|error)", line)
        if match and match.group(1) not in seen:
            seen.add(match.group(1))
            yield f"{os.path.relpath(match.group(1), tree)}:{match.group(2)}: not formatted"


PLANTED = {
    licence_line: ("backends/a.c", "int a;\n"),
    opening_paragraph: ("backends/a.c", "// SPDX\nint a;\nint b;\nint c;\n"),
    length: ("a.c", "\n" * (MOST_LINES + 1)),
    columns: ("a.c", "x" * 101 + "\n"),
    private_headers: ("replay/a.c", '#include "../backends/page/internal.h"\n'),
    one_way: ("backends/a.c", "#include <jansson.h>\n"),
    hidden_time_and_chance: ("backends/a.c", "int x = rand();\n"),
    top_level: ("stray.txt", ""),
    formatted: ("a.c", "int  main( ){return 0 ;}\n"),
}


def main():
    tree = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else ".")
    print(f"1..{2 * len(PLANTED)}")
    number = 0
    for check, (path, text) in PLANTED.items():
        found = list(check(tree))
        number += 1
        print(f"{'not ok' if found else 'ok'} {number} - {check.__doc__}")
        for line in found[:20]:
            print(f"# {line}")
        with tempfile.TemporaryDirectory() as planted:
            os.makedirs(os.path.join(planted, os.path.dirname(path)), exist_ok=True)
            open(os.path.join(planted, path), "w").write(text)
            open(os.path.join(planted, ".clang-format"), "w").write(
                open(os.path.join(tree, ".clang-format")).read())
            number += 1
            print(f"{'ok' if list(check(planted)) else 'not ok'} {number} - it can fail: {check.__doc__}")


main()
