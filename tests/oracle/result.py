"""Points, totals and rows, printed as the canonical CSV."""
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction

from indicators import (
    OFFICER_INDICATORS,
    copies_counts,
    copies_served,
    dossier_counts,
    half_up,
    indicator_set,
    petition_counts,
    procedure_counts,
    publicity_counts,
    sync_counts,
)
from instants import LOCAL, format_instant
from organisation import meets, versions_of


def decimals(hundredths):
    return f"{hundredths // 100}.{hundredths % 100:02d}"


@dataclass
class Figure:
    """One row but for its key: ratio as a fraction or None, points in hundredths."""

    numerator: int
    denominator: int
    ratio: Fraction | None
    points: int
    max: int


def score(indicator, maximum, numerator, denominator, multiplier=Fraction(1)):
    if denominator == 0:
        return Figure(0, 0, None, 100 * maximum if indicator.full_when_empty else 0, maximum)
    ratio = Fraction(numerator, denominator) * multiplier
    points = half_up(100 * maximum * min(Fraction(1), ratio / indicator.cap))
    return Figure(numerator, denominator, ratio, points, maximum)


def unit_figures(snapshot, unit, dossiers, petitions, served, set_id):
    received = [d for d in dossiers if snapshot.is_received_now(d)]
    counts = {
        **publicity_counts(snapshot, unit),
        "1.4": sync_counts(snapshot, unit, received),
        **dossier_counts(snapshot, dossiers),
        **procedure_counts(snapshot, unit, received),
        "4.6": copies_counts(snapshot, unit, served),
        **petition_counts(snapshot, petitions),
    }
    shift = {"5.2": 3, "5.4": 3, "5.3": -6} if set_id == "method-note-2026" and counts["5.3"][1] == 0 else {}
    figures = {}
    for code, indicator in indicator_set(set_id).items():
        multiplier = Fraction(1)
        if code == "3.3" and counts["3.3"][1] > 0:
            multiplier = Fraction(*counts["1.4"])
        figures[code] = score(indicator, indicator.max + shift.get(code, 0), *counts[code], multiplier)
    return figures


def officer_figures(snapshot, dossiers, petitions, set_id):
    counts = {**dossier_counts(snapshot, dossiers), **petition_counts(snapshot, petitions)}
    indicators = indicator_set(set_id)
    return {code: score(indicators[code], indicators[code].max, *counts[code]) for code in OFFICER_INDICATORS}


def unit_total(figures, indicators):
    """(points in hundredths, measured maximum)"""
    measured = [f.max for code, f in figures.items() if f.denominator > 0 or indicators[code].full_when_empty]
    return sum(figure.points for figure in figures.values()), sum(measured)


def officer_total(figures):
    measured = [figure for figure in figures.values() if figure.denominator > 0]
    maximum = sum(figure.max for figure in measured)
    if maximum == 0:
        return None, 0
    return half_up(Fraction(100 * sum(figure.points for figure in measured), maximum)), maximum


def rows(snapshot, set_id, level):
    """(unit, indicator, Figure or (points, max) of the total)"""
    indicators = indicator_set(set_id)
    if level == "officer":
        versions = {code: versions_of(events) for code, events in snapshot.facts.family("officer").items()}
        shares = {"dossiers": lambda d: [d.officer], "petitions": lambda p: [p.officer]}
    else:
        versions = snapshot.tree.versions
        shares = {
            "dossiers": lambda d: snapshot.tree.chain(d.agency, d.accepted_at),
            "petitions": lambda p: snapshot.tree.chain(p.agency, p.base_at),
        }
    dossiers, petitions = defaultdict(list), defaultdict(list)
    for dossier in snapshot.dossiers:
        for code in shares["dossiers"](dossier):
            dossiers[code].append(dossier)
    for petition in snapshot.petitions:
        for code in shares["petitions"](petition):
            petitions[code].append(petition)
    served = copies_served(snapshot)
    for code in versions:
        if not meets(versions[code], snapshot.period.start, snapshot.cut):
            continue
        if level == "officer":
            figures = officer_figures(snapshot, dossiers[code], petitions[code], set_id)
            total = officer_total(figures)
        else:
            figures = unit_figures(snapshot, code, dossiers[code], petitions[code], served, set_id)
            total = unit_total(figures, indicators)
        for indicator, figure in figures.items():
            yield code, indicator, figure
        yield code, "TOTAL", total


HEADER = "period,as_of,set,level,unit,indicator,numerator,denominator,ratio,points,max"


def quoted(text):
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\r\n') else text


def canonical_csv(snapshot, set_id, level):
    as_of = format_instant(snapshot.as_of, LOCAL, "+07:00")
    lines = [HEADER]
    for unit, indicator, figure in sorted(rows(snapshot, set_id, level), key=lambda row: row[:2]):
        if indicator == "TOTAL":
            points, maximum = figure
            figures = ["", "", "", "" if points is None else decimals(points), str(maximum)]
        else:
            figures = [
                str(figure.numerator),
                str(figure.denominator),
                "" if figure.ratio is None else decimals(half_up(figure.ratio * 10000)),
                decimals(figure.points),
                str(figure.max),
            ]
        key = [snapshot.period.text, as_of, set_id, level, quoted(unit), indicator]
        lines.append(",".join(key + figures))
    return "\n".join(lines) + "\n"
