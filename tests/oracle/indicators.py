"""The two shipped indicator sets, and the numerators and denominators of one question."""
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction

from dossiers import judged_dossier
from instants import parse_period
from organisation import Tree
from petitions import fold_petition
from procedures import Procedures
from standing import Facts


@dataclass
class Indicator:
    code: str
    max: int
    cap: Fraction = Fraction(1)
    full_when_empty: bool = False


def indicator_set(set_id):
    eighty, ninety, fifty = Fraction(80, 100), Fraction(90, 100), Fraction(50, 100)
    indicators = [
        Indicator("1.1", 6), Indicator("1.2", 4), Indicator("1.3", 2), Indicator("1.4", 6),
        Indicator("2.1", 20),
        Indicator("3.1", 2, eighty), Indicator("3.2", 4), Indicator("3.3", 6, fifty),
        Indicator("3.5a", 2, eighty), Indicator("3.5b", 2, eighty), Indicator("3.6", 6),
        Indicator("4.1", 6), Indicator("4.2", 4, eighty if set_id == "method-note-2026" else Fraction(1)),
        Indicator("4.3", 2, eighty), Indicator("4.4", 4), Indicator("4.5a", 2), Indicator("4.5b", 2),
        Indicator("4.6", 2, full_when_empty=True),
        Indicator("5.2", 6, full_when_empty=True), Indicator("5.3", 6, full_when_empty=True),
        Indicator("5.4", 6, ninety),
    ]
    return {indicator.code: indicator for indicator in indicators}


SETS = ("portal-2026", "method-note-2026")
OFFICER_INDICATORS = ("2.1", "3.3", "3.6", "4.1", "4.2", "4.3", "4.4", "4.5b", "5.2", "5.3", "5.4")


def half_up(value):
    return (2 * value + 1) // 2


def count(items, predicate):
    return sum(1 for item in items if predicate(item))


class Snapshot:
    """Everything known for one question: facts, tree, sets R and H, petitions."""

    def __init__(self, events, asked, as_of, calendar):
        self.period, self.as_of, self.cut = asked, as_of, min(as_of, asked.end)
        self.facts = Facts(events, as_of)
        self.tree = Tree(self.facts)
        self.procedures = Procedures(self.facts)
        self.current = self.procedures.current(self.cut)
        self.publicity = self.procedures.publicity(asked, self.cut, calendar)
        folded = (fold_petition(events, calendar, self.cut) for events in self.facts.family("petition").values())
        self.petitions = [petition for petition in folded if petition is not None]
        self.dossiers = self._scored_dossiers(calendar)

    def _scored_dossiers(self, calendar):
        complained = {code for petition in self.petitions for code in petition.dossiers}
        scored = []
        for subject, events in self.facts.family("dossier").items():
            dossier = judged_dossier(subject, events, self.procedures, calendar, self.cut)
            dossier.complained = subject in complained
            if dossier.accepted_at is not None and dossier.accepted_at < self.cut and not dossier.deleted:
                scored.append(dossier)
        return scored

    def is_received_now(self, dossier):
        return dossier.accepted_at >= self.period.start

    def is_in_hand(self, dossier):
        return dossier.ended_at is None or dossier.ended_at >= self.period.start


def dossier_counts(snapshot, dossiers):
    """Numerators and denominators over dossiers that need no other knowledge of the unit."""
    received = [d for d in dossiers if snapshot.is_received_now(d)]
    judged = [d for d in dossiers if snapshot.is_in_hand(d) and d.due_at is not None]
    payable = [d for d in received if d.has_fee and d.fee_vnd != 0]
    on_paper = [d for d in received if d.has_paper_result]
    complete = lambda d: not d.has_paper_result or d.result_digital
    return {
        "2.1": (count(judged, lambda d: not d.late), len(judged)),
        "3.3": (count(received, lambda d: d.channel == "online" and complete(d)), len(received)),
        "3.6": (count(payable, lambda d: d.paid_online), len(payable)),
        "4.1": (count(on_paper, lambda d: d.result_digital), len(on_paper)),
        "4.2": (count(received, lambda d: d.digitised > 0 and complete(d)), len(received)),
        "4.3": (count(received, lambda d: d.reused > 0), len(received)),
        "4.4": (count(received, lambda d: d.from_portal_store > 0), len(received)),
        "4.5b": (count(received, lambda d: d.population_data), len(received)),
        "5.4": (count(judged, lambda d: not (d.late or d.dissatisfied or d.complained)), len(judged)),
    }


def petition_counts(snapshot, petitions):
    start, cut = snapshot.period.start, snapshot.cut
    known = [p for p in petitions if p.is_in_time is not None and p.received_at < cut]
    handled = [p for p in known if p.closed_at is None or p.closed_at >= start]
    received = [p for p in known if p.received_at >= start]
    return {
        "5.2": (count(handled, lambda p: p.is_in_time), len(handled)),
        "5.3": (count(received, lambda p: p.is_in_time and not p.dissatisfied), len(received)),
    }


def procedures_in_authority(snapshot, unit):
    just_before = snapshot.cut - 1
    kind = snapshot.tree.kind(unit, just_before)
    if kind == "province":
        return snapshot.current
    if kind == "commune":
        return {code: d for code, d in snapshot.current.items() if "commune" in d["levels"]}
    return {
        code: d
        for code, d in snapshot.current.items()
        if "province" in d["levels"] and unit in snapshot.tree.chain(d["agency"], just_before)
    }


def procedure_counts(snapshot, unit, received):
    authority = procedures_in_authority(snapshot, unit)
    online = {code for code, d in authority.items() if d["online"] != "none"}
    with_fee = {code for code, d in authority.items() if d["fee"]}
    citizens = {code for code, d in authority.items() if d["for_citizens"]}

    def used(codes, predicate):
        return len({d.procedure for d in received if d.procedure in codes and predicate(d)}), len(codes)

    return {
        "3.1": (len(online), len(authority)),
        "3.2": used(online, lambda d: d.channel == "online"),
        "3.5a": used(with_fee, lambda d: d.fee_vnd is not None and d.fee_vnd > 0),
        "3.5b": used(with_fee, lambda d: d.paid_online),
        "4.5a": used(citizens, lambda d: d.population_data),
    }


def publicity_counts(snapshot, unit):
    """The province's own row, or the one inherited from it."""
    just_before = snapshot.cut - 1
    above = snapshot.tree.chain(unit, just_before)
    if any(snapshot.tree.kind(code, just_before) == "province" for code in above):
        return snapshot.publicity
    return {"1.1": (0, 0), "1.2": (0, 0), "1.3": (0, 0)}


def reports_of(snapshot, unit):
    """The last report by period."""
    return {
        event.data["period"]: event.data["received"] for event in snapshot.facts.family("portal").get(unit, [])
    }


def reported_total(reports, asked):
    if asked.text in reports:
        return reports[asked.text]
    return sum(reports.get(month, 0) for month in asked.month_texts())


def sync_counts(snapshot, unit, received):
    reports = reports_of(snapshot, unit)
    denominator = max(len(received), reported_total(reports, snapshot.period))
    if denominator == 0:
        last_year = parse_period(f"{snapshot.period.year - 1:04d}")
        denominator = half_up(Fraction(reported_total(reports, last_year) * snapshot.period.months, 12))
    return count(received, lambda d: d.synced), denominator


def copies_counts(snapshot, unit, served):
    just_before = snapshot.cut - 1
    communes = [
        code
        for code in snapshot.tree.versions
        if snapshot.tree.kind(code, just_before) == "commune" and unit in snapshot.tree.chain(code, just_before)
    ]
    return count(communes, lambda code: served.get(code, 0) > 0), len(communes)


def copies_served(snapshot):
    served = defaultdict(int)
    for code, events in snapshot.facts.family("certified_copy").items():
        for event in events:
            if snapshot.period.start <= event.time < snapshot.cut:
                served[code] += event.data["count"]
    return served
