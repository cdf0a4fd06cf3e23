#!/usr/bin/env python3
"""Adversarial small provinces: `generate.py --seed N --events N` prints NDJSON, `--queries K` the questions to ask it.

The stream is made to hit every rule of the index and every edge of the contract; it is not made to look like a real
province. The same arguments always print the same bytes. It uses the working calendar to land exactly on due dates;
it decides nothing about what is right.
"""
import argparse
import gzip
import sys
from pathlib import Path

import spoiled
from dice import PERIODS, SHARED, SOURCES, WEIGHTY
from instants import DAY, HOUR, SECOND, format_instant, parse_instant, parse_period
from stories import Stories
from working_time import Calendar


class Province(Stories):
    # -- corrections

    def retract_something(self):
        if not self.events:
            return
        target = self.pick(self.events[-60:] if self.chance(0.5) else self.events)
        weighty = [event for event in self.events if event["type"] in WEIGHTY]
        if weighty and self.chance(0.6):
            target = self.pick(weighty)
        for _ in range(self.pick([1, 1, 1, 2, 3, 4])):
            data = {"id": target["id"]}
            source = self.pick(self.sources)
            if source != target["source"] or self.chance(0.3):
                data["source"] = target["source"]
            if self.chance(0.04):
                data["source"] = self.pick(SOURCES)
            instant = self.later(target["time"])
            if self.chance(0.2):  # too early, or at the same instant, where the ids decide
                instant = target["time"] - self.pick([0, 0, 1, DAY])
            subject = target["subject"] if self.chance(0.87) else self.pick(self.events)["subject"]
            target = self.emit("event.retracted", subject, instant, data, source=source)
            if self.chance(0.02):
                target["data"] = {"id": target["id"]}

    def clash(self, event):
        """Another event under the same identity."""
        other = dict(event)
        way = self.random.random()
        if way < 0.3 or self.chance(0.3):
            other["time"] = event["time"] + self.pick([-1, 1, HOUR, -HOUR, DAY, -40 * DAY])
        if 0.3 < way < 0.45:
            other["subject"] = self.pick(self.events)["subject"]
        elif 0.45 <= way < 0.75:
            donor = self.pick(self.events)
            other["type"], other["data"] = donor["type"], donor.get("data")
            if self.chance(0.5):
                other["subject"] = donor["subject"]
        elif way >= 0.75:
            same = [e for e in self.events if e["type"] == event["type"]]
            other["data"] = self.pick(same).get("data")
        if self.chance(0.5):
            other["recordedtime"] = other["time"] + self.pick([0, DAY, 100 * DAY])
        return other

    def fill(self, size):
        self.organisation(size)
        dossier_codes = [f"H{number}" for number in range(max(5, size // 9))]
        dossier_codes += SHARED + ["Hồ sơ 1", "H\uff5e", "H\U00010437"]
        petition_codes = [f"K{number}" for number in range(max(3, size // 30))] + SHARED + ["H1", "H2"]
        while len(self.events) < size * 0.93:
            roll = self.random.random()
            if roll < 0.62:
                self.dossier_story(dossier_codes)
            elif roll < 0.78:
                self.petition_story(petition_codes, dossier_codes)
            elif roll < 0.87:
                self.procedure_story()
            elif roll < 0.95:
                self.reference_story()
            else:
                self.retract_something()

    def lines(self, size):
        self.fill(size)
        lines = [self.wire(event) for event in self.events]
        while len(lines) < size:
            roll = self.random.random()
            event = self.pick(self.events)
            if roll < 0.4:
                copy = dict(event)
                if self.chance(0.3):
                    copy["recordedtime"] = copy["time"] + self.pick([0, 5 * DAY])
                elif self.chance(0.3):
                    copy.pop("recordedtime", None)
                lines.append(self.wire(copy))
            elif roll < 0.68:
                lines.append(self.wire(self.clash(event)))
            elif roll < 0.97:
                lines.append(spoiled.spoil(self.random, self.wire(event), event))
            else:
                lines.append(self.pick([b"", b"  ", b"\t", b"\r"]))
        if self.chance(0.2):  # as long as a line may be, and one byte longer
            lines += [self.wire(self.pick(self.events)).strip().ljust(1024 * 1024 + more) for more in (0, 1)]
        self.random.shuffle(lines)
        return lines

    # -- questions

    def query(self):
        text = self.pick(PERIODS)
        period = parse_period(text)
        inside = [moment for moment in self.moments if period.start <= moment < period.end]
        edges = [edge for edge in self.edges if period.start <= edge < period.end]
        span = period.end - period.start
        as_of = self.pick([
            period.start, period.start + 1, period.end - 1, period.end, period.end, period.end + 1,
            parse_instant("2027-06-30T00:00:00+07:00"), parse_instant("2029-01-01T00:00:00Z"),
            period.start + self.random.randint(0, span), period.start + self.random.randint(0, span // SECOND) * SECOND,
            self.pick(inside or [period.end]), self.pick(inside or [period.end]) + 1,
            self.pick(inside or [period.end]) + 1,
            self.pick(edges or [period.end]), self.pick(edges or [period.end]) + 1, self.pick(edges or [period.end]),
        ])
        words = ["--period", text, "--as-of", format_instant(as_of, 7 * HOUR, "+07:00")]
        if self.chance(0.25):
            recorded = [event["recordedtime"] for event in self.events if "recordedtime" in event] or [as_of]
            words += ["--known-at", format_instant(self.pick(recorded) + self.pick([0, 0, -1]), 0, "Z")]
        words += ["--set", self.pick(["portal-2026", "portal-2026", "method-note-2026"])]
        words += ["--by", self.pick(["agency", "agency", "officer"])]
        return " ".join(words)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--events", type=int, required=True)
    parser.add_argument("--queries", type=int, help="print this many questions for the stream instead of the stream")
    parser.add_argument("--out", help="write here instead (.gz is compressed)")
    parser.add_argument("--calendars", default=Path(__file__).resolve().parents[2] / "compute" / "calendars")
    options = parser.parse_args()
    province = Province(options.seed, Calendar(options.calendars))
    lines = province.lines(options.events)
    if options.queries is not None:
        output = b"".join(province.query().encode() + b"\n" for _ in range(options.queries))
    else:
        mark = b"\xef\xbb\xbf" if province.chance(0.2) else b""
        output = mark + b"\n".join(lines) + (b"" if province.chance(0.2) else b"\n")
    if options.out:
        Path(options.out).write_bytes(gzip.compress(output, mtime=0) if options.out.endswith(".gz") else output)
    else:
        sys.stdout.buffer.write(output)


if __name__ == "__main__":
    main()
