"""The oracle checked against stories worked out by hand. Run: `python3 -m unittest` in this folder.

Days used: 2026-03-02 is a Monday. Sessions 07:30-11:30 and 13:30-17:30. Instants are local (+07:00) unless they say so.
"""
import json
import unittest
from fractions import Fraction

import spoiled
from decoding import decode
from indicators import Snapshot, indicator_set
from instants import format_instant, parse_instant, parse_period
from oracle import default_calendars
from result import Figure, canonical_csv, decimals, half_up, officer_total, rows, score
from working_time import Calendar, NoCalendar

CALENDAR = Calendar(default_calendars())
HOLDER = {"agency": "C", "officer": "O"}
DEFINED = {**spoiled.DEFINED, "agency": "P", "levels": ["province", "commune"], "paper_result": False}


def at(text):
    """`03-02 09:00` in 2026, `2027-...` with a year; seconds and fractions may follow."""
    if len(text.split(" ")[0]) < 8:
        text = "2026-" + text
    if " " not in text:
        text += " 00:00"
    return text.replace(" ", "T") + (":00" if text.count(":") == 1 else "") + "+07:00"


class Story:
    """Events written one after the other; ids grow with the order of writing."""

    def __init__(self):
        self.lines = []

    def tell(self, time, type_name, subject, data=None, **members):
        number = len(self.lines) + 1
        event = {"id": f"{number:04d}", "source": "/s", "type": type_name, "subject": subject, "time": at(time)}
        self.lines.append(json.dumps({**event, "data": data, **members}).encode())
        return self

    def province(self, **duration):
        self.tell("2025-01-01", "agency.defined", "P", {"name": "P", "kind": "province"})
        self.tell("2025-01-01", "agency.defined", "C", {"name": "C", "kind": "commune", "parent": "P"})
        self.tell("2025-01-01", "officer.defined", "O", {"name": "O", "agency": "C"})
        return self.tell("2025-01-01", "procedure.defined", "T", {**DEFINED, **duration})

    def accept(self, time, code="H", **data):
        if "due_at" in data:
            data["due_at"] = at(data["due_at"])
        return self.tell(time, "dossier.accepted", code, {"procedure": "T", **HOLDER, **data})

    def then(self, *steps, code="H"):
        """Steps of one dossier, `03-02 09:00 kind` with a due date, a reason or an officer after a colon."""
        usual = {
            "processed": {"outcome": "granted", "result_digital": False}, "stopped": {"reason": "x"},
            "reopened": {"reason": "x"}, "deleted": {"reason": "x"}, "due_changed": {"reason": "x"},
            "paused": {"reason": "financial_duty"}, "resumed": {"reason": "financial_duty"},
        }
        for step in steps:
            when, clock_time, kind, *due = step.split(" ", 3)
            data = dict(usual.get(kind, {}))
            if due:
                data["due_at"] = at(due[0])
            self.tell(f"{when} {clock_time}", "dossier." + kind, code, data)
        return self

    def petition(self, *steps, code="K", **data):
        for step in steps:
            when, clock_time, kind, *agency = step.split(" ")
            data_here = {}
            if kind == "received":
                data_here = {"agency": agency[0] if agency else "C", "about": "conduct", "via": "direct", **data}
            elif kind == "transferred":
                data_here = {"agency": agency[0]}
            elif kind == "rated":
                data_here = {"satisfied": False}
            self.tell(f"{when} {clock_time}", "petition." + kind, code, data_here)
        return self

    def events(self):
        return [decode(line) for line in self.lines]

    def snapshot(self, period="2026-03", as_of="2027-06-30"):
        return Snapshot(self.events(), parse_period(period), parse_instant(at(as_of)), CALENDAR)

    def figures(self, period="2026-03", as_of="2027-06-30", set_id="portal-2026", by="agency"):
        return {(unit, code): figure for unit, code, figure in rows(self.snapshot(period, as_of), set_id, by)}

    def pair(self, code, unit="C", **question):
        figure = self.figures(**question)[unit, code]
        return figure.numerator, figure.denominator


ON_TIME, LATE, NOT_JUDGED = (1, 1), (0, 1), (0, 0)


def duration(value, unit):
    return {"duration": {"value": value, "unit": unit}}


class DueDates(unittest.TestCase):
    def check(self, accepted, value, unit, due):
        found = CALENDAR.due_after(parse_instant(at(accepted)), value, unit)
        self.assertEqual(format_instant(found, 7 * 3600 * 10**9, "+07:00"), at(due))

    def test_working_days_are_counted_from_the_day_after_acceptance_to_the_end_of_the_last_session(self):
        self.check("03-02 09:00", 3, "working_day", "03-05 17:30")
        self.check("03-02 23:59:59", 3, "working_day", "03-05 17:30")
        self.check("03-06 16:00", 1, "working_day", "03-09 17:30")

    def test_a_make_up_saturday_beats_the_weekend_and_holidays_do_not_count(self):
        self.check("01-09 09:00", 1, "working_day", "01-10 17:30")
        self.check("2025-12-31 09:00", 1, "working_day", "01-05 17:30")
        self.check("02-13 09:00", 1, "working_day", "02-23 17:30")

    def test_working_hours_run_only_in_sessions_and_end_where_they_are_used_up(self):
        self.check("03-02 10:30", 1, "working_hour", "03-02 11:30")
        self.check("03-02 10:30", 8, "working_hour", "03-03 10:30")
        self.check("03-02 12:00", 4, "working_hour", "03-02 17:30")
        self.check("03-06 17:30", 1, "working_hour", "03-09 08:30")
        self.check("03-02 03:00:00.5", 1, "working_hour", "03-02 08:30")
        self.check("03-02 08:00:00.5", 1, "working_hour", "03-02 09:00:00.5")

    def test_calendar_days_move_on_to_the_next_working_day(self):
        self.check("03-02 09:00", 3, "day", "03-05 17:30")
        self.check("03-02 09:00", 5, "day", "03-09 17:30")
        self.check("02-10 09:00", 5, "day", "02-23 17:30")

    def test_only_the_days_really_counted_need_a_calendar(self):
        self.check("2027-12-30 09:00", 1, "working_day", "2027-12-31 17:30")
        self.check("2024-12-31 09:00", 1, "working_day", "2025-01-02 17:30")
        for accepted, value, unit in (("2027-12-31 09:00", 1, "working_day"), ("2024-12-31 20:00", 1, "working_hour")):
            with self.assertRaises(NoCalendar):
                CALENDAR.due_after(parse_instant(at(accepted)), value, unit)


class Lateness(unittest.TestCase):
    def check(self, expected, story, **question):
        self.assertEqual(story.pair("2.1", **question), expected)

    def three_days(self):
        return Story().province(**duration(3, "working_day")).accept("03-02 09:00")  # due Thursday 5 March 17:30

    def test_equality_is_on_time_and_one_nanosecond_more_is_late(self):
        self.check(ON_TIME, self.three_days().then("03-05 17:30 processed"))
        self.check(LATE, self.three_days().then("03-05 17:30:00.000000001 processed"))

    def test_time_alone_makes_an_open_dossier_late(self):
        self.check(ON_TIME, self.three_days(), as_of="03-05 17:30")
        self.check(LATE, self.three_days(), as_of="03-05 17:30:00.000000001")

    def test_an_open_dossier_of_a_closed_period_is_judged_as_it_stood_at_the_cut(self):
        story = Story().province().accept("03-30 09:00", due_at="04-02 17:30")
        self.check(ON_TIME, story, as_of="06-01")
        self.check(ON_TIME, story.then("04-10 09:00 supplement_requested", "04-10 10:00 supplement_requested"))
        self.check(LATE, story.then("05-01 09:00 processed"))
        story = Story().province().accept("03-30 09:00", due_at="03-31 12:00").then("04-01 00:00 supplement_requested")
        self.check(LATE, story)
        story = Story().province().accept("03-30 09:00", due_at="03-31 12:00").then("03-31 11:00 supplement_requested")
        self.check(ON_TIME, story.then("04-01 00:00 supplement_requested"))

    def test_without_a_due_date_a_dossier_is_not_judged_until_one_is_given(self):
        story = Story().province().accept("03-02 09:00")
        self.check(NOT_JUDGED, story)
        self.check(ON_TIME, story.then("04-02 09:00 due_changed 03-03 17:30"))
        self.check(LATE, story, period="2026-04")
        unknown = Story().province(**duration(3, "working_day")).accept("2027-12-30 09:00")
        self.check(NOT_JUDGED, unknown, period="2027", as_of="2028-01-01")

    def test_a_stop_moves_the_due_date_by_the_elapsed_time(self):
        story = self.three_days().then("03-03 09:00 supplement_requested", "03-04 10:00 supplement_received")
        self.check(ON_TIME, Story.then(story, "03-06 18:30 processed"))
        story = self.three_days().then("03-03 09:00 supplement_requested", "03-04 10:00 supplement_received")
        self.check(LATE, story.then("03-06 18:30:00.1 processed"))

    def test_overlapping_stops_are_their_union_and_other_pauses_stop_nothing(self):
        steps = ["03-03 09:00 supplement_requested", "03-03 12:00 paused", "03-03 15:00 supplement_received",
                 "03-03 19:00 resumed"]
        self.check(ON_TIME, self.three_days().then(*steps, "03-06 03:30 processed"))
        self.check(LATE, self.three_days().then(*steps, "03-06 03:30:01 processed"))
        other = {"reason": "other_agency"}
        story = self.three_days().tell("03-03 09:00", "dossier.paused", "H", other)
        story.tell("03-04 09:00", "dossier.resumed", "H", other)
        self.check(LATE, story.then("03-05 18:00 processed"))

    def test_a_due_date_given_on_resuming_takes_the_place_of_the_shift_effective_or_not(self):
        stop = ["03-03 09:00 supplement_requested", "03-20 09:00 supplement_received 03-23 17:30"]
        self.check(ON_TIME, self.three_days().then(*stop, "03-23 17:30 processed"))
        late_stop = ["03-05 17:30:01 supplement_requested", "03-06 09:00 supplement_received 03-23 17:30"]
        self.check(LATE, self.three_days().then(*late_stop, "03-06 09:00 processed"))

    def test_a_due_date_can_be_changed_until_it_passes(self):
        self.check(ON_TIME, self.three_days().then("03-05 17:30 due_changed 03-09 17:30", "03-09 17:30 processed"))
        self.check(LATE, self.three_days().then("03-05 17:30:01 due_changed 03-09 17:30", "03-06 17:30 processed"))

    def test_waiting_for_the_applicant_counts_requests_and_the_start_of_the_stop(self):
        self.check(ON_TIME, self.three_days().then("03-05 17:30 supplement_requested"))
        self.check(LATE, self.three_days().then("03-05 17:31 supplement_requested"))
        self.check(LATE, self.three_days().then("03-03 09:00 supplement_requested", "03-03 10:00 supplement_requested"))
        self.check(ON_TIME, self.three_days().then("03-03 09:00 paused"))

    def test_an_end_during_a_stop_is_compared_by_the_start_of_the_stop(self):
        self.check(ON_TIME, self.three_days().then("03-05 17:30 paused", "03-20 09:00 stopped"))
        self.check(LATE, self.three_days().then("03-05 17:31 paused", "03-05 17:32 stopped"))

    def test_processed_ends_before_returned_and_returned_before_withdrawn(self):
        self.check(LATE, self.three_days().then("03-03 09:00 withdrawn", "03-03 10:00 returned",
                                           "03-09 09:00 processed"))
        self.check(ON_TIME, self.three_days().then("03-03 09:00 returned", "03-09 09:00 withdrawn",
                                              "03-09 10:00 closed"))

    def test_late_in_any_segment_is_late_for_good(self):
        story = self.three_days().then("03-06 09:00 processed", "03-06 10:00 reopened")
        self.check(LATE, story)
        self.check(LATE, story.then("03-06 11:00 due_changed 04-30 17:30", "03-10 09:00 processed"))
        early = self.three_days().then("03-04 09:00 reopened", "03-04 10:00 processed", "03-05 09:00 reopened")
        self.check(ON_TIME, early.then("03-05 10:00 due_changed 04-30 17:30", "03-20 09:00 processed"))

    def test_a_second_acceptance_only_changes_the_due_date(self):
        story = self.three_days().accept("03-04 09:00", due_at="03-10 17:30")
        self.check(ON_TIME, story.then("03-10 17:30 processed"))
        self.assertEqual(story.snapshot().dossiers[0].accepted_at, parse_instant(at("03-02 09:00")))

    def test_a_dossier_is_in_hand_from_acceptance_until_the_period_in_which_it_ended(self):
        story = self.three_days().then("04-01 00:00 processed")
        self.check(LATE, story, period="2026-04")
        self.check(NOT_JUDGED, story, period="2026-05")
        self.check(NOT_JUDGED, story.then("04-02 09:00 deleted"), period="2026-04")


class WhatStands(unittest.TestCase):
    def test_a_retracted_retraction_has_no_effect_and_a_retraction_acts_from_its_own_time(self):
        story = Story().province().accept("03-02 09:00")
        accepted = f"{len(story.lines):04d}"
        story.tell("03-10 09:00", "event.retracted", "H", {"id": accepted})
        first = f"{len(story.lines):04d}"
        self.assertEqual(story.pair("4.4"), (0, 0))
        self.assertEqual(story.pair("4.4", as_of="03-10 09:00"), (0, 1))
        story.tell("03-11 09:00", "event.retracted", "H", {"id": first})
        self.assertEqual(story.pair("4.4"), (0, 1))

    def test_a_retraction_of_another_subject_or_of_a_later_event_has_no_effect(self):
        story = Story().province().accept("03-02 09:00")
        accepted = f"{len(story.lines):04d}"
        story.tell("03-10 09:00", "event.retracted", "H2", {"id": accepted})
        story.tell("03-01 09:00", "event.retracted", "H", {"id": accepted})
        self.assertEqual(story.pair("4.4"), (0, 1))

    def test_of_two_copies_that_differ_the_earlier_wins_then_the_smaller_kept_data(self):
        story = Story().province().accept("03-02 09:00")
        accepted = f"{len(story.lines):04d}"
        story.accept("2026-02-02 09:00")
        story.lines[-1] = story.lines[-1].replace(f'"{len(story.lines):04d}"'.encode(), f'"{accepted}"'.encode())
        self.assertEqual(story.pair("4.4"), (0, 0))
        self.assertEqual(story.pair("4.4", period="2026-02"), (0, 1))

    def test_one_second_axis_is_what_was_known(self):
        from oracle import known_by

        story = Story().province()
        story.tell("03-02 09:00", "dossier.accepted", "H", {"procedure": "T", **HOLDER}, recordedtime=at("04-02 00:00"))
        self.assertEqual(len(known_by(story.events(), parse_instant(at("04-01 23:59")))), 4)
        self.assertEqual(len(known_by(story.events(), parse_instant(at("04-02 00:00")))), 5)


class Petitions(unittest.TestCase):
    # Received Monday 2 March: the 15th working day is Monday 23 March, the 5th Monday 9 March, the 2nd Wednesday 4.
    def check(self, expected, *steps, code="5.2", **question):
        self.assertEqual(Story().province().petition(*steps).pair(code, **question), expected)

    def test_answered_by_24_00_of_the_fifteenth_working_day_and_published_within_two(self):
        self.check(ON_TIME, "03-02 09:00 received", "03-24 00:00 answered", "03-27 00:00 published")
        self.check(LATE, "03-02 09:00 received", "03-24 00:00:00.1 answered", "03-25 00:00 published")
        self.check(LATE, "03-02 09:00 received", "03-23 09:00 answered", "03-26 00:00:01 published")

    def test_open_petitions_are_in_time_until_their_deadline(self):
        self.check(ON_TIME, "03-02 09:00 received", as_of="03-24 00:00")
        self.check(LATE, "03-02 09:00 received", as_of="03-24 00:00:01")
        self.check(ON_TIME, "03-02 09:00 received", "03-03 09:00 answered", as_of="03-06 00:00")
        self.check(LATE, "03-02 09:00 received", "03-03 09:00 answered", as_of="03-06 00:00:01")

    def test_a_refusal_has_two_days_and_a_request_five(self):
        self.check(ON_TIME, "03-02 09:00 received", "03-05 00:00 refused")
        self.check(LATE, "03-02 09:00 received", "03-05 00:00:01 refused")
        self.check(ON_TIME, "03-02 09:00 received", "03-10 00:00 supplement_requested")
        self.check(LATE, "03-02 09:00 received", "03-03 09:00 supplement_requested", "03-10 00:01 supplement_requested")

    def test_a_transfer_restarts_the_clock_and_moves_the_petition(self):
        steps = ["03-02 09:00 received C", "03-02 10:00 rated", "03-20 09:00 transferred P", "03-24 23:00 refused"]
        self.check(ON_TIME, *steps, unit="P")
        self.check(ON_TIME, *steps, unit="P", code="5.3")
        self.check(NOT_JUDGED, *steps, unit="C")

    def test_a_petition_waiting_for_its_sender_is_closed_until_it_is_answered_after_all(self):
        steps = ["02-24 09:00 received", "02-27 09:00 supplement_requested"]
        self.check(NOT_JUDGED, *steps)
        self.check(ON_TIME, *steps, "03-10 09:00 answered", "03-11 09:00 published")

    def test_a_petition_waiting_for_its_sender_is_closed_at_its_last_request(self):
        steps = ["02-24 09:00 received", "02-27 09:00 supplement_requested", "03-02 09:00 supplement_requested"]
        self.check(ON_TIME, *steps)
        self.check(NOT_JUDGED, *steps, period="2026-04")

    def test_a_dissatisfied_or_late_petition_is_not_satisfied_and_its_dossier_is_complained_about(self):
        self.check(LATE, "03-02 09:00 received", "03-03 09:00 refused", "03-05 09:00 rated", code="5.3")
        story = Story().province().accept("03-02 09:00", due_at="06-30")
        self.assertEqual(story.pair("5.4"), (1, 1))
        self.assertEqual(story.petition("04-02 09:00 received", dossier="H").pair("5.4"), (0, 1))
        self.assertEqual(story.pair("5.4", as_of="04-02 09:00"), (1, 1))


class Procedures(unittest.TestCase):
    def announce(self, decided, effective, kind="amended"):
        return Story().province().tell("02-01", "procedure.announced", "T", {
            "decision": "1", "decided_on": decided, "legal_effective_on": effective, "kind": kind,
        })

    def test_a_decision_is_in_time_on_the_fifth_working_day_before_its_effect(self):
        # Before Monday 16 March: 13, 12, 11, 10, 9.
        self.assertEqual(self.announce("2026-03-09", "2026-03-16").pair("1.1"), (1, 1))
        self.assertEqual(self.announce("2026-03-10", "2026-03-16").pair("1.1"), (0, 1))
        self.assertEqual(self.announce("2026-03-10", "2029-03-16").pair("1.1"), (0, 0))
        self.assertEqual(self.announce("2026-03-10", "2026-03-16").pair("1.1", as_of="03-10 00:00"), (0, 0))

    def test_a_publication_has_five_working_days_and_is_inherited_by_the_commune(self):
        story = self.announce("2026-03-02", "2026-04-16")
        self.assertEqual(story.pair("1.2", unit="P", as_of="03-10 00:00"), (1, 1))
        self.assertEqual(story.pair("1.2", as_of="03-10 00:00:01"), (0, 1))
        story.tell("03-20", "procedure.published", "T", {"published_on": "2026-03-09", "parts": ["name"]})
        self.assertEqual(story.pair("1.2"), (1, 1))
        self.assertEqual(story.pair("1.3"), (0, 1))
        other = self.announce("2026-03-02", "2026-04-16")
        other.tell("03-03", "procedure.published", "T", {"decision": "2", "published_on": "2026-03-03", "parts": []})
        self.assertEqual(other.pair("1.2"), (0, 1))

    def test_a_repealed_procedure_leaves_the_authority_on_the_day_it_takes_effect(self):
        story = self.announce("2026-02-02", "2026-03-16", "repealed")
        self.assertEqual(story.pair("3.1", as_of="03-16 00:00"), (1, 1))
        self.assertEqual(story.pair("3.1", as_of="03-16 00:00:01"), (0, 0))

    def test_the_definition_at_acceptance_decides_and_the_first_one_if_accepted_earlier(self):
        without_fee = {**DEFINED, "fee": False}
        story = Story().province().accept("03-02 09:00").tell("03-02 10:00", "procedure.defined", "T", without_fee)
        self.assertEqual(story.pair("3.6"), (0, 1))
        story = Story().province().accept("2024-06-03 09:00")
        self.assertEqual(story.pair("3.6", period="2024-06"), (0, 1))


class Hierarchy(unittest.TestCase):
    def agency(self, story, time, code, kind, **data):
        return story.tell(time, "agency.defined", code, {"name": code, "kind": kind, **data})

    def test_a_dossier_counts_by_the_tree_in_force_at_its_acceptance(self):
        story = Story().province()
        self.agency(story, "02-01", "Q", "province")
        self.agency(story, "02-01", "C", "commune", parent="Q", valid_from="2026-03-15")
        story.accept("03-14 23:59:59").accept("03-15 00:00", code="H2")
        self.assertEqual([story.pair("4.4", unit=unit) for unit in "PQC"], [(0, 1), (0, 1), (0, 2)])

    def test_a_parent_not_in_force_still_counts_and_ends_the_chain(self):
        story = Story().province()
        self.agency(story, "02-01", "N", "district", parent="P", valid_from="2026-03-20")
        self.agency(story, "02-01", "C9", "commune", parent="N")
        story.tell("03-14", "dossier.accepted", "H", {"procedure": "T", "agency": "C9", "officer": "O"})
        self.assertEqual([story.pair("4.4", unit=unit) for unit in ("C9", "N", "P")], [(0, 1), (0, 1), (0, 0)])

    def test_a_cycle_counts_each_unit_once(self):
        story = Story().province()
        self.agency(story, "2024-12-01", "P", "province", parent="C")
        story.accept("03-02 09:00")
        self.assertEqual([story.pair("4.4", unit=unit) for unit in "PC"], [(0, 1), (0, 1)])

    def test_rows_are_the_units_valid_in_the_period_before_the_cut(self):
        story = Story().province()
        self.agency(story, "02-01", "N", "district", valid_to="2026-03-01")
        self.agency(story, "02-01", "M", "district", valid_from="2026-03-31")
        units = lambda **question: {unit for unit, _ in story.figures(**question)}
        self.assertEqual(units(), {"P", "C", "M"})
        self.assertEqual(units(as_of="03-31"), {"P", "C"})
        self.assertEqual(units(as_of="03-01"), set())

    def test_of_versions_valid_from_the_same_instant_the_later_event_wins(self):
        story = Story().province()
        self.agency(story, "02-01", "C", "commune", parent="P", valid_from="2026-03-01")
        self.agency(story, "02-02", "C", "commune", parent="Q", valid_from="2026-03-01", valid_to="2026-03-10")
        self.agency(story, "02-03", "Q", "province")
        story.accept("03-09 23:59").accept("03-10 00:00", code="H2")
        self.assertEqual([story.pair("4.4", unit=unit) for unit in "QPC"], [(0, 1), (0, 1), (0, 2)])

    def test_a_commune_abolished_in_the_period_keeps_its_kind_and_inherits_nothing(self):
        story = Story().province()
        self.agency(story, "02-01", "C9", "commune", parent="P", valid_to="2026-03-20")
        story.tell("03-02", "procedure.published", "T", {"published_on": "2026-03-02", "parts": []})
        self.assertEqual([story.pair("1.3", unit=unit) for unit in ("P", "C", "C9")], [(0, 1), (0, 1), (0, 0)])
        self.assertEqual([story.pair("3.1", unit=unit) for unit in ("P", "C", "C9")], [(1, 1)] * 3)
        self.assertEqual(story.pair("1.3", unit="C9", as_of="03-20"), (0, 1))

    def test_certified_copies_are_counted_by_commune(self):
        story = Story().province().tell("03-31 23:59", "certified_copy.served", "C", {"count": 1})
        self.agency(story, "02-01", "C2", "commune", parent="P")
        self.assertEqual([story.pair("4.6", unit=unit) for unit in ("P", "C", "C2")], [(1, 2), (1, 1), (0, 1)])


class Points(unittest.TestCase):
    def report(self, story, period, received):
        return story.tell("04-01", "portal.reported", "C", {"period": period, "received": received})

    def test_reported_dossiers_enlarge_the_denominator_and_lower_the_online_share(self):
        story = Story().province().accept("03-02 09:00", channel="online")
        story.tell("03-02 10:00", "dossier.synced", "H", {"message": "dossier", "accepted": True})
        self.report(story, "2026-03", 4)
        figures = story.figures()
        self.assertEqual(figures["C", "1.4"], Figure(1, 4, Fraction(1, 4), 150, 6))
        self.assertEqual(figures["C", "3.3"], Figure(1, 1, Fraction(1, 4), 300, 6))
        self.assertEqual(figures["P", "3.3"], Figure(1, 1, Fraction(1), 600, 6))
        self.assertEqual(story.figures(by="officer")["O", "3.3"].ratio, 1)

    def test_without_dossiers_and_reports_last_year_is_the_measure(self):
        story = Story().province()
        self.report(story, "2025-02", 10)
        self.report(story, "2025-03", 8)
        self.assertEqual(story.pair("1.4"), (0, 2))  # 18 / 12 = 1.5
        self.assertEqual(story.pair("1.4", period="2026-Q1"), (0, 5))  # 18 / 4 = 4.5
        self.report(story, "2025", 5)
        self.assertEqual(story.pair("1.4"), (0, 0))  # 5 / 12 < 1/2
        self.assertEqual(story.pair("1.4", period="2026"), (0, 5))

    def test_a_report_for_the_period_itself_beats_the_sum_of_its_months(self):
        story = Story().province().accept("03-02 09:00")
        self.report(story, "2026-01", 4)
        self.report(story, "2026-02", 5)
        self.report(story, "2026-02", 3)
        self.assertEqual(story.pair("1.4", period="2026-Q1"), (0, 7))
        self.report(story, "2026-Q1", 0)
        self.assertEqual(story.pair("1.4", period="2026-Q1"), (0, 1))

    def test_points_and_percentages_are_rounded_half_up(self):
        indicators = indicator_set("portal-2026")
        self.assertEqual(score(indicators["4.4"], 4, 1, 32).points, 13)  # 0.125
        self.assertEqual(score(indicators["1.1"], 6, 2, 3).points, 400)
        self.assertEqual(score(indicators["3.1"], 2, 4, 5).points, 200)  # cap 80 %
        self.assertEqual(score(indicators["5.4"], 6, 89, 100).points, 593)  # 6 x 0.89 / 0.9 = 5.9333
        self.assertEqual(decimals(half_up(Fraction(1, 32) * 10000)), "3.13")  # 3.125 %
        self.assertEqual(decimals(half_up(Fraction(2, 3) * 10000)), "66.67")

    def test_the_second_set_shifts_the_petition_points_when_there_are_no_petitions(self):
        story = Story().province()
        figures = story.figures(set_id="method-note-2026")
        self.assertEqual([figures["C", code].max for code in ("5.2", "5.3", "5.4")], [9, 0, 9])
        self.assertEqual([figures["C", code].points for code in ("5.2", "5.3", "5.4")], [900, 0, 0])
        figures = story.petition("03-02 09:00 received").figures(set_id="method-note-2026")
        self.assertEqual([figures["C", code].max for code in ("5.2", "5.3", "5.4")], [6, 6, 6])
        self.assertEqual(figures["C", "TOTAL"][1], 6 + 6 + 2 + 2 + 4 + 2 + 2 + 2)  # 5.2 5.3 4.6, the five by procedure

    def test_an_officer_total_leaves_out_what_was_not_measured(self):
        story = Story().province()
        self.assertEqual(story.figures(by="officer")["O", "TOTAL"], (None, 0))
        story.accept("03-02 09:00", due_at="06-30", population_data=True).then("03-03 09:00 processed")
        # 2.1 20/20, 3.3 0/6, 3.6 0/6 (fee unknown, not exempt), 4.2 0/4, 4.3 0/2, 4.4 0/4, 4.5b 2/2, 5.4 6/6: 28 of 50.
        self.assertEqual(story.figures(by="officer")["O", "TOTAL"], (5600, 50))
        self.assertEqual(officer_total({"a": Figure(1, 3, None, 1333, 20)}), (6665, 20))

    def test_the_csv_is_quoted_only_where_needed_and_sorted_bytewise(self):
        story = Story()
        for code in ("b", 'a,"', "a", "é", "Z"):
            story.tell("02-01", "agency.defined", code, {"name": "x", "kind": "unit"})
        lines = canonical_csv(story.snapshot(as_of="03-15 08:00:00.5"), "portal-2026", "agency").splitlines()
        self.assertEqual(lines[1], "2026-03,2026-03-15T08:00:00.5+07:00,portal-2026,agency,Z,1.1,0,0,,0.00,6")
        totals = [line for line in lines if ",TOTAL," in line]
        units = [line.split("agency,")[1].split(",TOTAL")[0] for line in totals]
        self.assertEqual(units, ["Z", "a", '"a,"""', "b", "é"])
        self.assertTrue(totals[0].endswith(",TOTAL,,,,14.00,14"))


if __name__ == "__main__":
    unittest.main()
