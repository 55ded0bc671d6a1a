#!/usr/bin/python3
"""The exercises of chapter 12: -mount, volume inspect. The rest is the chapter's own program."""

import json
import os
import pathlib
import sys

OURS = pathlib.Path(__file__).resolve().parents[3] / "build/chapters/12-volumes/run"
VOLUMES = "/var/lib/mydocker/volumes"


def refuse(why):
    print(f"mydocker: {why}", file=sys.stderr)
    sys.exit(125)


def as_our_flags(mount):
    """-mount's words, as -v or -tmpfs has them."""
    words = dict(word.partition("=")[::2] for word in mount.split(","))
    kind, source, target = (words.pop(name, "") for name in ("type", "source", "target"))
    options = ["ro"] if "readonly" in words else []
    words.pop("readonly", None)
    if words:
        refuse(f"-mount {mount}: there is no {next(iter(words))}")
    if not target:
        refuse(f"-mount {mount}: where to?")
    if kind == "tmpfs":
        return ["-tmpfs", ":".join([target, *options])]
    if kind not in ("bind", "volume") or not source:
        refuse(f"-mount {mount}: a bind and a volume have a source, and there is no other type but tmpfs")
    if (kind == "bind") != ("/" in source):
        refuse(f"-mount {mount}: a bind has a path, a volume a name")
    return ["-v", ":".join([source, target, *options])]


def inspect(names):
    found = []
    for name in names:
        place = f"{VOLUMES}/{name}/_data"
        if "/" in name or not os.path.isdir(place):
            refuse(f"there is no volume {name}")
        found.append({"Name": name, "Mountpoint": place})
    print(json.dumps(found, indent=2))


words = sys.argv[1:]
if words[:2] == ["volume", "inspect"]:
    inspect(words[2:])
    sys.exit()
while "-mount" in words:
    at = words.index("-mount")
    words[at:at + 2] = as_our_flags(words[at + 1])
os.execv(OURS, [OURS, *words])
