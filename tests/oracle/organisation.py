"""Versions of agencies and officers, and the tree in force at an instant."""
from dataclasses import dataclass

from instants import EVER, NEVER


@dataclass
class Version:
    valid_from: int
    valid_to: int
    data: dict


def versions_of(events):
    return [
        Version(
            event.data.get("valid_from", EVER if first else event.time), event.data.get("valid_to", NEVER), event.data
        )
        for first, event in ((index == 0, event) for index, event in enumerate(events))
    ]


def version_at(versions, instant_asked):
    best = None
    for version in versions:  # in event order, so that the later event wins among equals
        if version.valid_from <= instant_asked < version.valid_to:
            if best is None or version.valid_from >= best.valid_from:
                best = version
    return best


def meets(versions, start, cut):
    return any(max(version.valid_from, start) < min(version.valid_to, cut) for version in versions)


class Tree:
    def __init__(self, facts):
        self.versions = {code: versions_of(events) for code, events in facts.family("agency").items()}

    def chain(self, agency, at):
        """The agency and its ancestors at an instant, from below; a parent not in force is the last."""
        units = []
        while agency is not None and agency not in units:
            units.append(agency)
            version = version_at(self.versions.get(agency, []), at)
            agency = version.data.get("parent") if version else None
        return units

    def kind(self, agency, at):
        """The kind at an instant, or the last kind it had before."""
        versions = self.versions.get(agency, [])
        version = version_at(versions, at)
        if version is None:
            lasts = [v.valid_to - 1 for v in versions if v.valid_from < v.valid_to <= at]
            version = version_at(versions, max(lasts)) if lasts else None
        return version.data["kind"] if version else None
