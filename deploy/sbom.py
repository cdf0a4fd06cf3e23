#!/usr/bin/env python3
"""The software bill of materials of `nhip`: every crate linked into it, as CycloneDX 1.6 JSON on standard output.

    python3 deploy/sbom.py > nhip.cdx.json

Read from `cargo metadata` and `Cargo.lock`, so that it says what is built and nothing else; tests and benches are left
out. Not here: whether a crate may be one (`deny.toml`), what Debian brings (`Dockerfile`).
"""

import json
import pathlib
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = "x86_64-unknown-linux-gnu"
PROGRAM = "dashboard-api"


def metadata():
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", TARGET]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)


def linked(nodes, start):
    """The ids of all crates reached by normal dependencies."""
    reached, waiting = set(), [start]
    while waiting:
        one = waiting.pop()
        if one in reached:
            continue
        reached.add(one)
        for dependency in nodes[one]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                waiting.append(dependency["pkg"])
    return reached


def address(package):
    """The package's address (purl); ours have none in a registry."""
    return f"pkg:cargo/{package['name']}@{package['version']}"


def component(package, checksums):
    found = {
        "type": "library",
        "bom-ref": address(package),
        "name": package["name"],
        "version": package["version"],
        "purl": address(package),
    }
    if package["license"]:
        found["licenses"] = [{"expression": package["license"].replace("/", " OR ").replace("  ", " ")}]
    checksum = checksums.get((package["name"], package["version"]))
    if checksum:
        found["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    return found


def main():
    known = metadata()
    packages = {package["id"]: package for package in known["packages"]}
    nodes = {node["id"]: node for node in known["resolve"]["nodes"]}
    program = next(package for package in known["packages"] if package["name"] == PROGRAM)
    locked = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    checksums = {(one["name"], one["version"]): one["checksum"] for one in locked if "checksum" in one}
    reached = linked(nodes, program["id"])
    ordered = sorted(reached - {program["id"]}, key=lambda one: address(packages[one]))
    depends = [
        {
            "ref": address(packages[one]),
            "dependsOn": sorted(address(packages[d["pkg"]]) for d in nodes[one]["deps"] if d["pkg"] in reached),
        }
        for one in [program["id"], *ordered]
    ]
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {**component(program, checksums), "type": "application", "name": "nhip"}},
        "components": [component(packages[one], checksums) for one in ordered],
        "dependencies": depends,
    }
    json.dump(bill, sys.stdout, indent=1, ensure_ascii=False)
    print()


if __name__ == "__main__":
    main()
