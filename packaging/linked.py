"""What the shipped program is built of: packages and what they bring along, as cargo knows them. For the scripts beside it."""

import functools
import json
import pathlib
import re
import subprocess
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = "x86_64-unknown-linux-gnu"
STANDARD_LIBRARY_LICENCE = "MIT OR Apache-2.0"

# Code and tables of others within a package: whose, what they are, and where their version stands.
BUNDLED = {
    "aws-lc-sys": ("aws-lc", "aws-lc/include/openssl/base.h", r'#define AWSLC_VERSION_NUMBER_STRING "([0-9.]+)"'),
    "chrono-tz": ("tzdata", "src/prebuilt/directory.rs", r'IANA_TZDB_VERSION: &str = "([0-9]{4}[a-z]+)"'),
    "libsqlite3-sys": ("sqlite", "sqlite3/sqlite3.h", r'#define SQLITE_VERSION +"([0-9.]+)"'),
}


def cargo(*arguments):
    return subprocess.run(["cargo", *arguments], check=True, capture_output=True, text=True, cwd=ROOT).stdout


def graph(edges="normal,no-proc-macro"):
    """Which package needs which, as pairs of name and version, beginning with ours: what is linked into the program. With
    edges="normal" also the macros, which write parts of it but are not in it."""
    needs, path = {}, []
    lines = cargo("tree", "--locked", "--package", "engaged", "--edges", edges, "--target", TARGET, "--prefix", "depth",
                  "--no-dedupe", "--format", "{p}").splitlines()
    for line in filter(None, lines):
        depth, name, version = re.match(r"(\d+)(\S+) v(\S+)", line).groups()
        del path[int(depth):]
        if path:
            needs[path[-1]].add((name, version))
        path.append((name, version))
        needs.setdefault(path[-1], set())
    if len(needs) < 100:
        raise SystemExit(f"only {len(needs)} packages were found")
    return needs


@functools.cache
def described():
    """What cargo tells of each package that can be meant on the target, by name and version."""
    packages = json.loads(cargo("metadata", "--locked", "--format-version", "1", "--filter-platform", TARGET))["packages"]
    return {(package["name"], package["version"]): package for package in packages}


@functools.cache
def checksums():
    """SHA-256 of each package as it came from the registry, from the lock file."""
    locked = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    return {(package["name"], package["version"]): package["checksum"] for package in locked if "checksum" in package}


def folder(package):
    return pathlib.Path(described()[package]["manifest_path"]).parent


def licence(package):
    told = described()[package]
    found = told["license"] or told["license_file"]
    if not found:
        raise SystemExit(f"{' '.join(package)} names no licence")
    return found


def bundled(package):
    """Name and version of what a package brings along, or None."""
    if package[0] not in BUNDLED:
        return None
    name, file, pattern = BUNDLED[package[0]]
    found = re.search(pattern, (folder(package) / file).read_text())
    if not found:
        raise SystemExit(f"no version of {name} stands in {file} of {' '.join(package)}")
    return name, found[1]


def standard_library():
    """The version of the compiler here, whose standard library is linked."""
    return subprocess.run(["rustc", "--version"], check=True, capture_output=True, text=True, cwd=ROOT).stdout.split()[1]
