"""One dossier folded from its standing events: plain facts, segments, stops, due date, lateness."""
from dataclasses import dataclass

from working_time import NoCalendar


@dataclass
class Dossier:
    subject: str
    accepted_at: int | None = None
    procedure: str | None = None
    agency: str | None = None
    channel: str = "counter"
    officer: str | None = None
    definition: dict | None = None
    deleted: bool = False
    ended_at: int | None = None
    due_at: int | None = None
    late: bool = False  # in a segment that ended; for an open one also `late_when_open`
    waiting: bool = False
    paused: bool = False
    stop_start: int | None = None
    supplement_requests: int = 0
    result_digital: bool = False
    digitised: int = 0
    reused: int = 0
    from_portal_store: int = 0
    population_data: bool = False
    fee_vnd: int | None = None
    paid_online: bool = False
    synced: bool = False
    dissatisfied: bool = False
    complained: bool = False

    def is_late_at(self, cut):
        if self.late or self.ended_at is not None or self.due_at is None:
            return self.late
        if self.waiting:
            return self.supplement_requests >= 2 or self.stop_start > self.due_at
        if self.paused:
            return self.stop_start > self.due_at
        return cut > self.due_at

    @property
    def has_paper_result(self):
        return self.definition is not None and self.definition["paper_result"]

    @property
    def has_fee(self):
        return self.definition is not None and self.definition["fee"]


def first_of(events, low, high, *types):
    return next((index for index in range(low, high) if events[index].type in types), None)


def end_of_segment(events, low, high):
    for types in (
        ("dossier.processed",),
        ("dossier.returned",),
        ("dossier.refused", "dossier.stopped", "dossier.withdrawn"),
    ):
        index = first_of(events, low, high, *types)
        if index is not None:
            return index
    return None


def segments_of(events):
    """(first index, index after the last, index of the end or None) of each segment."""
    segments, low = [], 0
    for index, event in enumerate(events):
        if event.type == "dossier.reopened":
            end = end_of_segment(events, low, index)
            if end is not None:
                segments.append((low, index, end))
                low = index
    segments.append((low, len(events), end_of_segment(events, low, len(events))))
    return segments


def due_given(event):
    """The due date a later event gives, whichever member it is in."""
    if event.type in (
        "dossier.supplement_received", "dossier.resumed", "dossier.due_changed", "dossier.accepted",
    ):
        return event.data.get("due_at")
    if event.type == "dossier.apologised":
        return event.data.get("new_due_at")
    return None


def base_due(dossier, accepted, calendar):
    if "due_at" in accepted.data:
        return accepted.data["due_at"]
    if dossier.definition is None or "duration" not in dossier.definition:
        return None
    duration = dossier.definition["duration"]
    try:
        return calendar.due_after(accepted.time, duration["value"], duration["unit"])
    except NoCalendar:
        return None


def fold_plain_facts(dossier, events):
    for event in events:
        kind, data = event.type.removeprefix("dossier."), event.data
        if kind in ("submitted", "accepted"):
            dossier.procedure, dossier.agency = data["procedure"], data["agency"]
            dossier.channel = data.get("channel", dossier.channel)
        if kind in ("accepted", "assigned", "processed"):
            dossier.officer = data.get("officer", dossier.officer)
        if kind == "accepted":
            if dossier.accepted_at is None:
                dossier.accepted_at = event.time
            parts = data.get("parts", {})
            dossier.digitised += parts.get("digitised", 0)
            dossier.reused += parts.get("reused", 0)
            dossier.from_portal_store += parts.get("from_portal_store", 0)
            dossier.population_data = data.get("population_data", dossier.population_data)
        elif kind == "part_digitised":
            dossier.digitised += data["count"]
            dossier.reused += data.get("reused", 0)
            dossier.from_portal_store += data.get("from_portal_store", 0)
        elif kind == "processed":
            dossier.result_digital |= data["result_digital"]
        elif kind == "result_attached":
            dossier.result_digital = True
        elif kind == "paid":
            dossier.paid_online |= data["method"] in ("portal", "gateway")
        elif kind == "synced":
            dossier.synced |= data["message"] == "dossier" and data["accepted"]
        elif kind == "rated":
            dossier.dissatisfied = not data["satisfied"]
        elif kind == "deleted":
            dossier.deleted = True
        if kind in ("accepted", "fee_set"):
            dossier.fee_vnd = data.get("fee_vnd", dossier.fee_vnd)


def fold_clock(dossier, events, calendar):
    """Segments, stops, due date and lateness of ended segments."""
    first_accepted = first_of(events, 0, len(events), "dossier.accepted")
    for low, high, end in segments_of(events):
        for index in range(low, high):
            event = events[index]
            if first_accepted is not None and index == first_accepted:
                dossier.due_at = base_due(dossier, event, calendar)
            after_acceptance = first_accepted is not None and index > first_accepted
            if index == end:
                if after_acceptance and dossier.due_at is not None:
                    compared = dossier.stop_start if dossier.stop_start is not None else event.time
                    dossier.late |= compared > dossier.due_at
                dossier.waiting = dossier.paused = False
                dossier.stop_start = None
            elif after_acceptance:
                apply_to_clock(dossier, event, has_ended=end is not None and index > end)
        dossier.ended_at = events[end].time if end is not None else None


def apply_to_clock(dossier, event, has_ended):
    kind, reason = event.type.removeprefix("dossier."), event.data.get("reason")
    stood_since = dossier.stop_start
    if not has_ended:
        if kind == "supplement_requested":
            dossier.waiting = True
            dossier.supplement_requests += 1
        elif kind == "supplement_received":
            dossier.waiting = False
        elif kind == "paused" and reason == "financial_duty":
            dossier.paused = True
        elif kind == "resumed" and reason == "financial_duty":
            dossier.paused = False
        stands = dossier.waiting or dossier.paused
        dossier.stop_start = (event.time if stood_since is None else stood_since) if stands else None
    runs_again = stood_since is not None and dossier.stop_start is None
    given = due_given(event)
    if given is not None:
        clock_at = event.time if stood_since is None else stood_since
        if dossier.due_at is None or (not has_ended and clock_at <= dossier.due_at):
            dossier.due_at = given
    elif runs_again and dossier.due_at is not None:
        dossier.due_at += event.time - stood_since


def fold_dossier(subject, events, procedures, calendar):
    dossier = Dossier(subject)
    fold_plain_facts(dossier, events)
    if dossier.accepted_at is not None:
        dossier.definition = procedures.definition_at(dossier.procedure, dossier.accepted_at)
    if events:
        fold_clock(dossier, events, calendar)
    return dossier


def judged_dossier(subject, events, procedures, calendar, cut):
    """The facts at `as_of`, with `late` as the index judges it: an open dossier as it stood at the cut."""
    dossier = fold_dossier(subject, events, procedures, calendar)
    if dossier.ended_at is None:
        before = [event for event in events if event.time < cut]
        dossier.late = fold_dossier(subject, before, procedures, calendar).is_late_at(cut)
    return dossier
