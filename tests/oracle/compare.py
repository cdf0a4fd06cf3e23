#!/usr/bin/env python3
"""Two independent programs, one answer: `nhip score` and the oracle must print the same bytes.

`compare.py --nhip PATH [--seeds N] [--first S] [--events N] [--queries K]` makes adversarial streams, asks both the
same questions, and compares. A difference is printed with the command that shows it. Ends with the line a test
runner prints: `N passed, N failed`.
"""
import argparse
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent


def run(command):
    done = subprocess.run(command, capture_output=True, check=False, timeout=300)
    return done.returncode, done.stdout, done.stderr.decode(errors="replace")


def compare_seed(nhip, seed, events, queries, folder):
    stream = str(Path(folder) / f"{seed}.ndjson")
    base = [sys.executable, str(HERE / "generate.py"), "--seed", str(seed), "--events", str(events)]
    subprocess.run([*base, "--out", stream], check=True, timeout=300)
    asked = subprocess.run([*base, "--queries", str(queries)], check=True, capture_output=True, text=True, timeout=300)
    passed, failed = 0, []
    for number, question in enumerate(asked.stdout.splitlines()):
        words = question.split()
        threads = str((1, 2, 3, 7)[(seed + number) % 4])
        ours = run([nhip, "score", stream, *words, "--format", "csv", "--threads", threads])
        theirs = run([sys.executable, str(HERE / "oracle.py"), stream, *words])
        if (ours[0], ours[1]) == (theirs[0], theirs[1]):
            passed += 1
            continue
        lines = zip(ours[1].decode().splitlines(), theirs[1].decode().splitlines())
        first = next((f"\n  ours   {one}\n  oracle {other}" for one, other in lines if one != other), "")
        status = f"status {ours[0]} and {theirs[0]}"
        failed.append(f"seed {seed} events {events}: {question}: {status}{first}\n  {ours[2].strip()[-200:]}")
    os.unlink(stream)
    return passed, failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--nhip", required=True)
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--events", type=int, default=600)
    parser.add_argument("--queries", type=int, default=10)
    arguments = parser.parse_args()
    passed, failed = 0, []
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        seeds = range(arguments.first, arguments.first + arguments.seeds)
        work = [
            pool.submit(compare_seed, arguments.nhip, seed, arguments.events, arguments.queries, folder)
            for seed in seeds
        ]
        for done in work:
            right, wrong = done.result()
            passed += right
            failed += wrong
    for difference in failed:
        print(difference)
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
