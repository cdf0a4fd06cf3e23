"""The working calendar: which days work, when their sessions end, and day counts over them."""
import tomllib
from pathlib import Path

from instants import HOUR, SECOND, civil, day_number, day_start, local_day


class NoCalendar(Exception):
    """A day was needed of a year that has no calendar."""


class Calendar:
    WEEKDAYS = ["thursday", "friday", "saturday", "sunday", "monday", "tuesday", "wednesday"]  # 1970-01-01 = Thursday

    def __init__(self, folder):
        self.years = {}
        for path in sorted(Path(folder).glob("*.toml")):
            with open(path, "rb") as file:
                loaded = tomllib.load(file)
            self.years[loaded["year"]] = {
                "off": set(loaded["weekly_off"]),
                "holidays": {self._number(row["date"]) for row in loaded.get("holidays", [])},
                "make_up": {self._number(row["date"]) for row in loaded.get("make_up_days", [])},
                "sessions": sorted(tuple(self._of_day(text) for text in pair) for pair in loaded["sessions"]),
            }

    @staticmethod
    def _number(date):
        return day_number(date.year, date.month, date.day)

    @staticmethod
    def _of_day(text):
        hour, minute = text.split(":")
        return int(hour) * HOUR + int(minute) * 60 * SECOND

    def _year(self, day):
        year = civil(day)[0]
        if year not in self.years:
            raise NoCalendar(year)
        return self.years[year]

    def is_working(self, day):
        year = self._year(day)
        if day in year["make_up"]:
            return True
        return day not in year["holidays"] and self.WEEKDAYS[day % 7] not in year["off"]

    def nth_working_day(self, day, count, step):
        """The count-th working day strictly after (step 1) or before (step -1) a day."""
        while count:
            day += step
            if self.is_working(day):
                count -= 1
        return day

    def end_of_working_day(self, day):
        return day_start(day) + self._year(day)["sessions"][-1][1]

    def end_of_nth_day(self, instant, count):
        """24:00 of the count-th working day after the instant's date."""
        return day_start(self.nth_working_day(local_day(instant), count, 1) + 1)

    def after_session_hours(self, instant, hours):
        remaining = hours * HOUR
        day = local_day(instant)
        while True:
            if self.is_working(day):
                for opens, closes in self._year(day)["sessions"]:
                    begin = max(instant, day_start(day) + opens)
                    available = day_start(day) + closes - begin
                    if available >= remaining:
                        return begin + remaining
                    remaining -= max(available, 0)
            day += 1

    def due_after(self, accepted_at, value, unit):
        if unit == "working_hour":
            return self.after_session_hours(accepted_at, value)
        accepted_on = local_day(accepted_at)
        if unit == "working_day":
            return self.end_of_working_day(self.nth_working_day(accepted_on, value, 1))
        day = accepted_on + value
        return self.end_of_working_day(day if self.is_working(day) else self.nth_working_day(day, 1, 1))
