#!/usr/bin/env python3
"""Prints what the program is built of, with the licence texts that its makers ask to be passed on."""

import re

import linked

TEXTS = re.compile(r"^(licen[cs]e|copying|notice|unlicense)", re.IGNORECASE)


def main():
    shared, without = {}, []
    print("engaged is built of these packages, each under its own licence.\n")
    # Macros are named, too: what they write is theirs in part.
    for package in sorted(linked.graph(edges="normal")):
        if not linked.described()[package]["source"]:
            continue
        name = " ".join(package)
        print(f"{name}: {linked.licence(package)}")
        texts = [path for path in sorted(linked.folder(package).iterdir()) if TEXTS.match(path.name) and path.is_file()]
        if not texts:
            without.append(name)
        for path in texts:
            shared.setdefault(path.read_text(errors="replace").strip(), []).append(name)
    without.append(f"rust-std {linked.standard_library()}")
    print(f"{without[-1]}: {linked.STANDARD_LIBRARY_LICENCE}")
    print(f"\nThese bring no text of their own; that of their licence applies: {', '.join(without)}")
    for text, names in shared.items():
        print(f"\n{'=' * 80}\n{', '.join(dict.fromkeys(names))}\n{'=' * 80}\n\n{text}")


main()
