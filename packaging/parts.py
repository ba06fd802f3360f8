#!/usr/bin/env python3
"""Prints the list of parts (SBOM, CycloneDX 1.6) of a built program: packaging/parts.py PROGRAM.

The same program and lock file give the same bytes: there is no time in it, and its number is made of what it says."""

import hashlib
import json
import pathlib
import sys
import uuid

import linked

# What packages bring along, where its licence is another than theirs.
LICENCES = {"sqlite": {"license": {"id": "blessing"}}, "tzdata": {"license": {"name": "Public domain"}}}

# By which name faults in it are reported.
REPORTED = {"aws-lc": "cpe:2.3:a:amazon:aws-lc:{}:*:*:*:*:*:*:*", "sqlite": "cpe:2.3:a:sqlite:sqlite:{}:*:*:*:*:*:*:*"}


def reference(package):
    """How the list calls a package. Ours are in no registry: a stranger may take their names there."""
    name, version = package
    return f"pkg:cargo/{name}@{version}" if linked.described()[package]["source"] else f"{name}@{version}"


def licence(package):
    return {"expression": linked.licence(package).replace("/", " OR ")}


def of_package(package):
    name, version = package
    part = {"type": "library", "bom-ref": reference(package), "name": name, "version": version, "licenses": [licence(package)]}
    if linked.described()[package]["source"]:
        part["hashes"] = [{"alg": "SHA-256", "content": linked.checksums()[package]}]
        part["purl"] = reference(package)
    return part


def brought_along(package):
    """What of others' is in a package, as a part of its own; None for most."""
    found = linked.bundled(package)
    if not found:
        return None
    name, version = found
    purl = f"pkg:generic/{name}@{version}"
    part = {"type": "library", "bom-ref": purl, "name": name, "version": version,
            "licenses": [LICENCES.get(name) or licence(package)], "purl": purl}
    if name in REPORTED:
        part["cpe"] = REPORTED[name].format(version)
    return part


def standard_library():
    version = linked.standard_library()
    return {"type": "library", "bom-ref": f"rust-std@{version}", "name": "rust-std", "version": version,
            "description": "Rust's standard library", "licenses": [{"expression": linked.STANDARD_LIBRARY_LICENCE}]}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    graph = linked.graph()
    ours = next(iter(graph))
    needs = {reference(package): {reference(other) for other in others} for package, others in graph.items()}
    parts = [of_package(package) for package in graph if package != ours]
    bring = {package: part for package in graph if (part := brought_along(package))}
    bring[ours] = standard_library()
    for package, part in bring.items():
        parts.append(part)
        needs[reference(package)].add(part["bom-ref"])
        needs[part["bom-ref"]] = set()

    program = of_package(ours) | {"type": "application"}
    content = hashlib.sha256(pathlib.Path(sys.argv[1]).read_bytes()).hexdigest()
    program["hashes"] = [{"alg": "SHA-256", "content": content}]
    said = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"lifecycles": [{"phase": "build"}], "component": program},
        "components": sorted(parts, key=lambda part: part["bom-ref"]),
        "dependencies": [{"ref": ref, "dependsOn": sorted(others)} for ref, others in sorted(needs.items())],
    }
    said["serialNumber"] = uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(said)).urn
    json.dump(said, sys.stdout, indent=1)
    print()


main()
