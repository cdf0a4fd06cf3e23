"""Instants as integer nanoseconds since 1970 at UTC, dates as day numbers, and periods.

Plain integers and no datetime: years 0000 to 9999 and instants a fraction outside them must not overflow.
"""
import re
from dataclasses import dataclass

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
LOCAL = 7 * HOUR  # Asia/Ho_Chi_Minh has been at +07:00 for the whole span the contract allows.
EVER = -(10**30)
NEVER = 10**30

INSTANT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)
DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
PERIOD = re.compile(r"([0-9]{4})(?:-(0[1-9]|1[0-2])|-Q([1-4])|-H([12]))?")


def day_number(year, month, day):
    """Days since 1970-01-01 in the proleptic Gregorian calendar."""
    year -= month <= 2
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719468


def civil(number):
    """The (year, month, day) of a day number."""
    era, day_of_era = divmod(number + 719468, 146097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted + 2) // 5 + 1
    month = shifted + 3 if shifted < 10 else shifted - 9
    return year_of_era + era * 400 + (month <= 2), month, day


def checked_day(year, month, day):
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    lengths = [31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    if not 1 <= month <= 12 or not 1 <= day <= lengths[month - 1]:
        raise ValueError("no such day")
    return day_number(year, month, day)


def parse_instant(text):
    found = INSTANT.fullmatch(text)
    if not found:
        raise ValueError("not an RFC 3339 instant with an offset")
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    fraction, sign, offset_hour, offset_minute = found.groups()[6:]
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError("no such time of day")
    offset = 0
    if sign:
        if int(offset_hour) > 23 or int(offset_minute) > 59:
            raise ValueError("no such offset")
        offset = (int(offset_hour) * 60 + int(offset_minute)) * 60 * (1 if sign == "+" else -1)
    nanoseconds = int((fraction or "0")[:9].ljust(9, "0"))
    seconds = checked_day(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset
    return seconds * SECOND + nanoseconds


def parse_date(text):
    found = DATE.fullmatch(text)
    if not found:
        raise ValueError("not a date")
    return checked_day(*(int(part) for part in found.groups()))


def day_start(number):
    """The first instant of a local day; the start of the next day is the 24:00 of this one."""
    return number * DAY - LOCAL


def local_day(instant):
    return (instant + LOCAL) // DAY


def format_instant(instant, offset, suffix):
    day, rest = divmod(instant + offset, DAY)
    seconds, nanoseconds = divmod(rest, SECOND)
    fraction = f".{nanoseconds:09d}".rstrip("0") if nanoseconds else ""
    year, month, number = civil(day)
    return (
        f"{year:04d}-{month:02d}-{number:02d}"
        f"T{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{fraction}{suffix}"
    )


@dataclass
class Period:
    text: str
    year: int
    first_month: int
    months: int

    @property
    def start(self):
        return day_start(day_number(self.year, self.first_month, 1))

    @property
    def end(self):
        month = self.first_month + self.months
        return day_start(day_number(self.year + (month > 12), (month - 1) % 12 + 1, 1))

    def month_texts(self):
        return [f"{self.year:04d}-{month:02d}" for month in range(self.first_month, self.first_month + self.months)]


def parse_period(text):
    found = PERIOD.fullmatch(text)
    if not found:
        raise ValueError("not a period")
    year, month, quarter, half = found.groups()
    if month:
        return Period(text, int(year), int(month), 1)
    if quarter:
        return Period(text, int(year), 3 * int(quarter) - 2, 3)
    if half:
        return Period(text, int(year), 6 * int(half) - 5, 6)
    return Period(text, int(year), 1, 12)
