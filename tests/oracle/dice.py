"""Choices for the generator: codes, instants on or near an edge, and how an event is written down."""
import json
import random

from instants import DAY, HOUR, SECOND, day_number, day_start, format_instant, local_day, parse_period

PERIODS = [
    "2025-12", "2026-01", "2026-02", "2026-03", "2026-04", "2026-06", "2026-08", "2026-10", "2026-12",
    "2025-Q4", "2026-Q1", "2026-Q3", "2026-Q4", "2026-H1", "2026-H2", "2025", "2026",
]
CHANNELS = ["online", "online", "online", "counter", "post"]
KINDS = ["province", "department", "district", "commune", "commune", "unit"]
PARTS = ["name", "steps", "method", "documents", "duration", "subjects", "agency"]
# U+FF5E sorts before U+10437 as UTF-8 and after it as UTF-16: an engine that compares the wrong units is found out.
SOURCES = ["/a", "/b", "/B", "/a/mot-cua", "/ă", "/～", "/\U00010437", "0"]
SHARED = ["X1", "X2"]  # codes that any family may use
AGENCIES = ["P", "Q", "D1", "D2", "N1", "N2", "C1", "C2", "C3", "C4", "C5", "U1", 'A,"1"', "Xã Ô"] + SHARED
LOST_AGENCIES = ["Z1", "Z2", ""]
PROCEDURES = ["T1", "T2", "T3", "T4", "T5", "T6", "T7", "2.000815"] + SHARED
OFFICERS = ["O1", "O2", "O3", "O4", "O 5"] + SHARED
HOLIDAY_EVES = [
    (2025, 12, 31), (2026, 1, 1), (2026, 1, 9), (2026, 1, 10), (2026, 2, 13), (2026, 2, 15), (2026, 2, 20),
    (2026, 4, 24), (2026, 4, 26), (2026, 4, 29), (2026, 8, 21), (2026, 8, 22), (2026, 8, 28), (2026, 9, 2),
    (2026, 1, 9), (2026, 1, 10), (2026, 8, 21), (2026, 8, 22), (2026, 11, 23), (2026, 12, 31), (2024, 12, 31),
    (2027, 12, 20), (2027, 12, 31), (2028, 1, 3), (2024, 6, 3),
]
WEIGHTY = ("dossier.accepted", "dossier.processed", "dossier.reopened", "petition.received", "petition.answered",
           "petition.transferred", "agency.defined", "procedure.defined", "procedure.announced", "event.retracted")
CLOCK_TIMES = [0, 7.5, 11.5, 12, 13.5, 17.5, 18, 24]


class Dice:
    def __init__(self, seed, calendar):
        self.random = random.Random(seed)
        self.calendar = calendar
        self.events = []  # dicts of envelope members, `time` in nanoseconds
        self.moments = []  # instants already used, to be used again
        self.edges = []  # instants at which the tree or a deadline of a procedure changes something
        self.serial = 0
        self.sources = self.random.sample(SOURCES, self.random.randint(1, len(SOURCES)))
        self.tame = self.random.random() < 0.6  # most agencies are defined early and once

    # -- choices

    def chance(self, share):
        return self.random.random() < share

    def pick(self, items):
        return self.random.choice(items)

    def boundary(self):
        period = parse_period(self.pick(PERIODS))
        return self.pick([period.start, period.end])

    def clock_time(self, day):
        return day_start(day) + int(self.pick(CLOCK_TIMES) * 3600) * SECOND

    def any_day(self):
        if self.chance(0.18):
            return day_number(*self.pick(HOLIDAY_EVES))
        if self.chance(0.04):
            year = self.pick([2024, 2025, 2027, 2028])
            return day_number(year, self.random.randint(1, 12), self.random.randint(1, 28))
        return day_number(2025, 10, 1) + self.random.randint(0, 456)

    def instant(self):
        roll = self.random.random()
        if roll < 0.1 and self.moments:
            return self.pick(self.moments)
        if roll < 0.13 and self.edges:
            return self.pick(self.edges)
        if roll < 0.25:
            return self.boundary() + self.pick([-1, 0, 0, 1, -SECOND, SECOND])
        if roll < 0.5:
            return self.clock_time(self.any_day()) + self.pick([-1, 0, 0, 0, 1])
        if roll < 0.9:
            return day_start(self.any_day()) + self.random.randint(0, 86399) * SECOND
        return day_start(self.any_day()) + self.random.randint(0, DAY - 1)

    def later(self, instant):
        """Some instant not before the given one."""
        roll = self.random.random()
        if roll < 0.12:
            return instant
        if roll < 0.15:
            return instant + 1
        if roll < 0.35:
            day = local_day(instant) + self.random.randint(0, 6)
            return max(instant, self.clock_time(day) + self.pick([-1, 0, 0, 1]))
        if roll < 0.78:
            return instant + self.random.randint(1, 16) * HOUR + self.random.randint(0, 3599) * SECOND
        if roll < 0.9:
            return instant + self.random.randint(1, 20) * DAY
        if roll < 0.97:
            boundaries = [b for b in (self.boundary() for _ in range(4)) if b >= instant]
            return min(boundaries, default=instant + DAY)
        return instant + 400 * DAY

    def agency(self):
        return self.pick(LOST_AGENCIES) if self.chance(0.03) else self.pick(AGENCIES)

    def procedure(self):
        return "T9" if self.chance(0.05) else self.pick(PROCEDURES)

    def officer(self):
        return "O9" if self.chance(0.05) else self.pick(OFFICERS)

    def amount(self):
        return self.pick([0, 0, 1, 20000, 2**53 - 1])

    def date_text(self, day):
        return format_instant(day_start(day), 7 * HOUR, "")[:10]

    def time_text(self, instant):
        offset = self.pick([7 * 60] * 8 + [0, 0, 330, -660, 840, 1439, -1439, 420 - 60])
        suffix = f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}"
        if offset == 0:
            suffix = self.pick(["Z", "Z", "z", "+00:00", "-00:00"])
        text = format_instant(instant, offset * 60 * SECOND, "")
        if self.chance(0.1):
            if "." not in text:
                text += "." + "0" * self.random.randint(1, 9)
            whole, digits = text.split(".")
            text = whole + "." + digits.ljust(9, "0") + self.pick(["", "000", "999", "9", "5"])
        if self.chance(0.05):
            text = text.replace("T", "t")
        return text + suffix

    def optional(self, data, name, make, share=0.5):
        if self.chance(share):
            data[name] = make()
        elif self.chance(0.06):
            data[name] = None

    # -- events

    def emit(self, type_name, subject, instant, data=None, **members):
        self.serial += 1
        event = {
            "specversion": "1.0",
            "id": self.pick([str(self.serial), f"e{self.serial}", f"{self.serial:05d}"]),
            "source": self.pick(self.sources),
            "type": type_name,
            "subject": subject,
            "time": instant,
        }
        if data is not None or self.chance(0.1):
            event["data"] = data
        if self.chance(0.3):
            delay = self.pick([0, 1, SECOND, HOUR, DAY, 30 * DAY, 400 * DAY, -HOUR])
            event["recordedtime"] = instant + delay
        event.update(members)
        self.events.append(event)
        self.moments.append(instant)
        return event

    def wire(self, event):
        """One line. Noise that must not change anything is added here."""
        out = dict(event)
        for name in ("time", "recordedtime"):
            if name in out:
                out[name] = self.time_text(out[name])
        if "recordedtime" not in out and self.chance(0.02):
            out["recordedtime"] = None
        if isinstance(out.get("data"), dict):
            out["data"] = self.noisy_data(out["data"])
        if self.chance(0.05):
            out["datacontenttype"] = "application/json"
            out["extra"] = {"deep": [1.5, True, None, {"a": "b"}]}
        pairs = list(out.items())
        if self.chance(0.3):
            self.random.shuffle(pairs)
        spaces = (", ", ": ") if self.chance(0.2) else (",", ":")
        line = json.dumps(dict(pairs), ensure_ascii=self.chance(0.3), separators=spaces)
        if self.chance(0.02):  # a repeated member: the last counts
            line = '{"id":5,"time":null,"source":"","data":[],' + line[1:]
            if "data" not in out:
                line = line[:-1] + ',"data":null}'
        if self.chance(0.02):
            line = " \t" + line + " \r"
        return line.encode("utf-8")

    def noisy_data(self, data):
        data = dict(data)
        for name in ("due_at", "new_due_at", "step_due_at"):
            if type(data.get(name)) is int:
                data[name] = self.time_text(data[name])
        for name in ("valid_from", "valid_to"):
            if type(data.get(name)) is int:
                bare = (data[name] + 7 * HOUR) % DAY == 0 and self.chance(0.6)
                data[name] = self.date_text(local_day(data[name])) if bare else self.time_text(data[name])
        if self.chance(0.05):
            data["unknown"] = self.pick([1, None, 5000.0, "x", [], {}])
        if self.chance(0.05):
            data["applicant_name"] = "Nguyễn Văn \U0001f600"
            data["identity_number"] = "001099000001"
        if self.chance(0.03):
            data["phone"] = 5e3
        if self.chance(0.3):
            data = dict(self.random.sample(list(data.items()), len(data)))
        return data
