#!/usr/bin/env python3
"""The oracle: Decision-766 figures recomputed naively from a file of events.

Written from `spec/events.md` and `spec/index-766.md` alone, to be compared byte for byte with the engine. It reads
every event, keeps them all, folds every subject from nothing and prints the canonical CSV of section 6. It favours
clarity over speed; instants are integer nanoseconds since 1970 at UTC, ratios exact fractions, dates day numbers.

It deliberately does not stream, store, serve, list subjects, raise anomalies or compute anything outside the CSV.
Where the specification leaves a choice, NOTES.md beside this file says which reading is taken here.
"""
import argparse
import sys
import time as clock
from pathlib import Path

from decoding import read_files
from indicators import SETS, Snapshot
from instants import SECOND, parse_instant, parse_period
from result import canonical_csv
from working_time import Calendar


def known_by(events, known_at):
    return [event for event in events if event.recorded is None or event.recorded <= known_at]


def default_calendars():
    return Path(__file__).resolve().parents[2] / "compute" / "calendars"


def main(arguments=None):
    parser = argparse.ArgumentParser(description="canonical CSV of the Decision-766 index, recomputed from files")
    parser.add_argument("files", nargs="+", metavar="FILES")
    parser.add_argument("--period", required=True, type=parse_period)
    parser.add_argument("--as-of", type=parse_instant)
    parser.add_argument("--known-at", type=parse_instant)
    parser.add_argument("--set", default=SETS[0], choices=SETS, dest="set_id")
    parser.add_argument("--by", default="agency", choices=("agency", "officer"))
    parser.add_argument("--calendars", default=default_calendars())
    parser.add_argument("--rejects")
    options = parser.parse_args(arguments)
    as_of = options.as_of if options.as_of is not None else int(clock.time()) * SECOND
    if as_of < options.period.start:
        print("as_of is before the period's start", file=sys.stderr)
        return 2
    events, rejections = read_files(options.files)
    consumed = len(events)
    if options.known_at is not None:
        events = known_by(events, options.known_at)
    snapshot = Snapshot(events, options.period, as_of, Calendar(options.calendars))
    sys.stdout.buffer.write(canonical_csv(snapshot, options.set_id, options.by).encode("utf-8"))
    sys.stdout.buffer.flush()
    if options.rejects:
        with open(options.rejects, "w", encoding="utf-8") as file:
            for path, number, rejected in rejections:
                file.write(f"{path}:{number}\t{rejected.field or '-'}\t{rejected.reason}\n")
    clashes = len(snapshot.facts.clashes)
    print(f"consumed={consumed} rejected={len(rejections)} known={len(events)} clashes={clashes}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
