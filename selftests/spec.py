#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare the netlink specification with the user header and the policies.

    spec.py [--header FILE]   the header has each constant, enum entry,
                              attribute and command of the specification, in
                              its order and with its value, and nothing else;
                              kernel/netlink-gen.[ch] are what it says
    spec.py --policies        print the policies as policy_dump prints those of
                              a running kernel
"""

import argparse
import importlib.machinery
import importlib.util
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
HEADER = TOP / "include/uapi/linux/pilot.h"
SPEC_GEN = TOP / "scripts/spec-gen"

# What `ip link` needs is no part of the generic netlink family.
NOT_OURS = re.compile(r"IFLA_PILOT_|PILOT_LINK_KIND$|_UAPI_")


def load_spec_gen():
    """The specification has one reader."""
    loader = importlib.machinery.SourceFileLoader("spec_gen", str(SPEC_GEN))
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader(loader.name, loader))
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


def symbol(*words):
    return "".join(words).replace("-", "_").upper()


# --- what the specification says ---------------------------------------------

def wanted_defines(tree):
    family = tree["name"]
    wanted = {
        symbol(tree["c-family-name"]): f'"{family}"',
        symbol(tree["c-version-name"]): str(tree.get("version", 1)),
    }
    for group in tree["mcast-groups"]["list"]:
        name = symbol(family, "-mcgrp-", group["name"])
        wanted[name] = f'"{group["name"]}"'
    for const in tree["definitions"]:
        if const["type"] == "const" and const.get("scope") != "kernel":
            wanted[symbol(family, "-", const["name"])] = const["value"]
    return wanted


def wanted_enums(tree):
    """(name, [(entry, value)]) in the order of the specification."""
    family = tree["name"]
    for enum in tree["definitions"]:
        if enum["type"] not in ("enum", "flags"):
            continue
        prefix = enum.get("name-prefix", f"{family}-{enum['name']}-")
        first = enum.get("value-start", 0)
        entries = []
        for at, entry in enumerate(enum["entries"], first):
            value = 1 << at if enum["type"] == "flags" else at
            entries.append((symbol(prefix, entry["name"]), value))
        yield enum["enum-name"].replace("-", "_"), entries
    for attrs in tree["attribute-sets"]:
        if "subset-of" not in attrs:
            yield "", numbered(attrs["name-prefix"],
                               [a["name"] for a in attrs["attributes"]])
    operations = tree["operations"]
    yield "", numbered(operations["name-prefix"],
                       [o["name"] for o in operations["list"]])


def numbered(prefix, names):
    entries = [(symbol(prefix, n), at)
               for at, n in enumerate(["unspec", *names])]
    return entries + [(symbol("--", prefix, "max"), len(entries))]


# --- what the header says ----------------------------------------------------

def read_header(path):
    """Its defines, as text, and its enums, as wanted_enums gives them."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
    defines = dict(re.findall(r"^#define[ \t]+(\w+)[ \t]+(.+?)[ \t]*$", text,
                              flags=re.M))
    enums = []
    for name, body in re.findall(r"\benum\s*(\w*)\s*{(.*?)}", text,
                                 flags=re.S):
        enums.append((name, enum_entries(body)))
    return defines, enums


def enum_entries(body):
    entries, following = [], 0
    for item in filter(None, (i.strip() for i in body.split(","))):
        name, _, value = (part.strip() for part in item.partition("="))
        if value:
            following = number(value)
        entries.append((name, following))
        following += 1
    return entries


def number(text):
    """A literal or a shift, the only two that the header uses."""
    values = [int(re.fullmatch(r"(\w+?)[uUlL]*", part.strip())[1], 0)
              for part in text.split("<<")]
    return values[0] if len(values) == 1 else values[0] << values[1]


# --- the comparison ----------------------------------------------------------

def compare_defines(tree, found):
    wanted = wanted_defines(tree)
    for name, value in wanted.items():
        if name not in found:
            yield f"{name} is missing"
            continue
        have = number(found[name]) if isinstance(value, int) else found[name]
        if have != value:
            yield f"{name} is {found[name]}, the specification says {value}"
    for _, entries in wanted_enums(tree):
        last = entries[-1][0]
        if not last.startswith("__"):
            continue
        if found.get(last[2:]) != f"({last} - 1)":
            yield f"{last[2:]} is not ({last} - 1)"
        wanted[last[2:]] = None
    for name in found:
        if name not in wanted and not NOT_OURS.match(name):
            yield f"{name} is not in the specification"


def compare_enums(tree, found):
    unmatched = [e for e in found if not NOT_OURS.match(e[1][0][0])]
    for name, entries in wanted_enums(tree):
        match = [e for e in unmatched if e[1][0][0] == entries[0][0]]
        if not match:
            yield f"no enum starts with {entries[0][0]}"
            continue
        unmatched.remove(match[0])
        if match[0][0] != name:
            yield f"enum {match[0][0]} is named {name} in the specification"
        yield from compare_entries(entries, match[0][1])
    for name, entries in unmatched:
        yield f"enum {name} of {entries[0][0]} is not in the specification"


def compare_entries(wanted, found):
    names = {name for name, _ in found}
    known = {name for name, _ in wanted}
    for name, value in wanted:
        if name not in names:
            yield f"{name} is missing"
        elif (name, value) not in found:
            yield (f"{name} is {dict(found)[name]}, the specification says "
                   f"{value}")
    for name, _ in found:
        if name not in known:
            yield f"{name} is not in the specification"


def compare(spec_gen, header):
    tree = spec_gen.Spec(spec_gen.SPEC).tree
    defines, enums = read_header(header)
    wrong = [*compare_defines(tree, defines), *compare_enums(tree, enums)]
    for line in wrong:
        print(f"{header.name}: {line}")
    made = subprocess.run([sys.executable, str(SPEC_GEN), "--check"],
                          check=False)
    return 1 if wrong or made.returncode else 0


# --- the policies ------------------------------------------------------------

class Policies:
    """The lines that policy_dump prints, from the specification."""

    def __init__(self, spec):
        self.spec = spec

    def commands(self):
        operations = self.spec.tree["operations"]["list"]
        for at, operation in enumerate(operations, 1):
            for mode in ("do", "dump"):
                if mode in operation:
                    yield f"command {at} {mode}"

    def attributes(self, set_name, path=""):
        whole = self.spec.sets[set_name].get("subset-of", set_name)
        numbers = {a: n for n, a in
                   enumerate(self.spec.attributes(whole), 1)}
        for attr in self.spec.sets[set_name]["attributes"]:
            attr = self.spec.merged(set_name, attr)
            at = f"{path}{numbers[attr['name']]}"
            line = self.describe(attr)
            if line:
                yield f"attribute {at} {line}"
            if attr["type"] == "nest":
                yield from self.attributes(attr["nested-attributes"],
                                           at + ".")

    def describe(self, attr):
        kind, checks = attr["type"], attr.get("checks", {})
        # A kernel does not describe its policies for these.
        if attr.get("byte-order") == "big-endian":
            return None
        if kind == "nest":
            inner = attr["nested-attributes"]
            whole = self.spec.sets[inner].get("subset-of", inner)
            return f"nest {len(self.spec.sets[whole]['attributes'])}"
        if kind == "binary":
            size = self.spec.number(checks["exact-len"])
            return f"binary {size} {size}"
        if "flags-mask" in checks:
            mask = self.spec.flags_mask(checks["flags-mask"])
            return f"{kind} mask {mask:#x}"
        return f"{kind} {self.limits(attr)}"

    def limits(self, attr):
        kind, checks = attr["type"], attr.get("checks", {})
        bits = int(kind[1:])
        low, high = 0, (1 << bits) - 1
        if kind[0] == "s":
            low, high = -(1 << bits - 1), (1 << bits - 1) - 1
        if "enum" in attr:
            low, high = self.spec.enum_limits(attr["enum"])
        low = self.spec.number(checks.get("min", low))
        high = self.spec.number(checks.get("max", high))
        return f"{low} {high}"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--header", type=pathlib.Path, default=HEADER)
    parser.add_argument("--policies", action="store_true")
    args = parser.parse_args()
    spec_gen = load_spec_gen()
    if args.policies:
        policies = Policies(spec_gen.Spec(spec_gen.SPEC))
        print(*policies.commands(), *policies.attributes("pilot-input"),
              sep="\n")
        return 0
    return compare(spec_gen, args.header)


if __name__ == "__main__":
    sys.exit(main())
