#!/usr/bin/env python3
"""Prints what the program is built of, with the licence texts that its makers ask to be passed on."""

import json
import pathlib
import re
import subprocess
import sys

TEXTS = re.compile(r"^(licen[cs]e|copying|notice|unlicense)", re.IGNORECASE)


def packages():
    """What is linked on Linux, without build tools and tests."""
    command = ["cargo", "tree", "--locked", "--package", "engaged", "--edges", "normal", "--target", "x86_64-unknown-linux-gnu",
               "--prefix", "none", "--no-dedupe", "--format", "{p}"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    names = {tuple(line.split()[:2]) for line in lines if line}
    metadata = subprocess.run(["cargo", "metadata", "--locked", "--format-version", "1"], check=True, capture_output=True, text=True)
    for package in json.loads(metadata.stdout)["packages"]:
        if (package["name"], "v" + package["version"]) in names and package["source"]:
            yield package


def main():
    shared, without = {}, []
    found = sorted(packages(), key=lambda package: package["name"])
    print("engaged is built of these packages, each under its own licence.\n")
    for package in found:
        name = f"{package['name']} {package['version']}"
        if not package["license"] and not package["license_file"]:
            sys.exit(f"{name} names no licence")
        print(f"{name}: {package['license'] or package['license_file']}")
        folder = pathlib.Path(package["manifest_path"]).parent
        texts = [path for path in sorted(folder.iterdir()) if TEXTS.match(path.name) and path.is_file()]
        if not texts:
            without.append(name)
        for path in texts:
            shared.setdefault(path.read_text(errors="replace").strip(), []).append(name)
    if len(found) < 100:
        sys.exit(f"only {len(found)} packages were found")
    print(f"\nThese bring no text of their own; that of their licence applies: {', '.join(without)}")
    for text, names in shared.items():
        print(f"\n{'=' * 80}\n{', '.join(dict.fromkeys(names))}\n{'=' * 80}\n\n{text}")


main()
