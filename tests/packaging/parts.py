#!/usr/bin/env python3
"""Holds a list of parts against the program it is of: tests/packaging/parts.py LIST PROGRAM.

It is what CycloneDX calls valid; it is of this very program; every package that the program's symbols name is in it, and
none that is never linked is; SQLite is the one that the program was compiled with. Run by run.sh."""

import hashlib
import json
import pathlib
import re
import subprocess
import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

# Parts of the standard library, which brings them along.
OF_STD = {"addr2line", "gimli", "object", "rustc_demangle"}

# They write or test the program and are not in it; TLS of another make is in the lock file, and off.
NEVER = {"cc", "openssl-sys", "proc-macro2", "proptest", "quinn", "quote", "ring", "serde_derive", "syn", "tempfile", "windows-sys"}


def libraries():
    """What a package's code is called in symbols, and the packages that may be called so."""
    told = subprocess.run(["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform",
                           "x86_64-unknown-linux-gnu"], check=True, capture_output=True, text=True).stdout
    found = {}
    for package in json.loads(told)["packages"]:
        for target in package["targets"]:
            if "lib" in target["kind"]:
                found.setdefault(target["name"].replace("-", "_"), set()).add(package["name"])
    return found


def main():
    text = pathlib.Path(sys.argv[1]).read_text()
    program = pathlib.Path(sys.argv[2])
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    assert not fault, fault
    listed = json.loads(text)
    parts = {part["name"]: part for part in listed["components"]}

    content = hashlib.sha256(program.read_bytes()).hexdigest()
    assert listed["metadata"]["component"]["hashes"] == [{"alg": "SHA-256", "content": content}], "it is of another program"

    symbols = subprocess.run(["nm", "-C", program], check=True, capture_output=True, text=True).stdout
    roots = set(re.findall(r"(?<![\w:.$])([a-z_]\w*)::", symbols))
    known = libraries()
    seen = [names for root, names in known.items() if root in roots - OF_STD and names != {"engaged"}]
    assert len(seen) > 100, f"symbols name only {len(seen)} packages"
    unlisted = [names for names in seen if not names & parts.keys()]
    assert not unlisted, f"linked, and not in the list: {unlisted}"
    assert not NEVER & parts.keys(), f"in the list, and never linked: {NEVER & parts.keys()}"

    references = {part["bom-ref"] for part in listed["components"]} | {listed["metadata"]["component"]["bom-ref"]}
    assert {node["ref"] for node in listed["dependencies"]} == references, "what they need is not told of all"
    reached = {each for node in listed["dependencies"] for each in node["dependsOn"]}
    assert reached == references - {listed["metadata"]["component"]["bom-ref"]}, "parts that nothing needs"

    version = parts["sqlite"]["version"]
    assert version.encode() in program.read_bytes(), f"SQLite {version} is not in the program"
    compiler = parts["rust-std"]["version"]
    comment = subprocess.run(["readelf", "-p", ".comment", program], check=True, capture_output=True, text=True).stdout
    assert f"rustc version {compiler} " in comment, f"it was not compiled by Rust {compiler}"
    print(f"    {len(parts)} parts, {len(seen)} of them named by symbols; SQLite {version}")


main()
