"""One petition folded from its standing events: base, deadline, closing, rating."""
from dataclasses import dataclass, field

from working_time import NoCalendar


@dataclass
class Petition:
    received_at: int
    base_at: int
    agency: str
    officer: str | None
    dossiers: set = field(default_factory=set)
    is_in_time: bool | None = None  # None: a day count is unknown
    closed_at: int | None = None
    dissatisfied: bool = False


def fold_petition(events, calendar, cut):
    kinds = [event.type.removeprefix("petition.") for event in events]
    received = [event for event, kind in zip(events, kinds) if kind == "received"]
    if not received:
        return None
    base = kinds.index("received")
    agency = received[-1].data["agency"]
    if "transferred" in kinds:
        base = len(kinds) - 1 - kinds[::-1].index("transferred")
        agency = events[base].data["agency"]
    officers = [event.data["officer"] for event in received if "officer" in event.data]
    petition = Petition(received[0].time, events[base].time, agency, officers[-1] if officers else None)
    petition.dossiers = {event.data["dossier"] for event in received if "dossier" in event.data}
    after = list(zip(kinds, events))[base + 1 :]
    for kind, event in after:
        if kind == "rated":
            petition.dissatisfied = not event.data["satisfied"]
    try:
        petition.is_in_time, petition.closed_at = judge_petition(petition.base_at, after, calendar, cut)
    except NoCalendar:
        pass
    return petition


def judge_petition(base_at, after, calendar, cut):
    """(in time?, closed when?) from the (kind, event) pairs after the base."""
    decisive = next((index for index, (kind, _) in enumerate(after) if kind in ("answered", "refused")), None)
    if decisive is None:
        requests = [event.time for kind, event in after if kind == "supplement_requested"]
        if requests:
            return requests[-1] <= calendar.end_of_nth_day(base_at, 5), requests[-1]
        return cut <= calendar.end_of_nth_day(base_at, 15), None
    kind, event = after[decisive]
    if kind == "refused":
        return event.time <= calendar.end_of_nth_day(base_at, 2), event.time
    published = next((later.time for kind, later in after[decisive + 1 :] if kind == "published"), None)
    if event.time > calendar.end_of_nth_day(base_at, 15):
        return False, published  # late already: the days to publish in are not counted
    publish_by = calendar.end_of_nth_day(event.time, 2)
    return (cut if published is None else published) <= publish_by, published
