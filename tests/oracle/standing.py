"""What stands: one event per identity, less what is retracted, by family and subject."""
from collections import defaultdict


def without_copies(events):
    """One event per (source, id): of copies that differ the smallest. Returns events and clashing identities."""
    copies = defaultdict(list)
    for event in events:
        copies[event.source, event.id].append(event)
    winners, clashes = [], set()
    for identity, same in copies.items():
        key = lambda event: (event.time, event.type, event.subject, event.kept)
        winners.append(min(same, key=key))
        if len({key(event) for event in same}) > 1:
            clashes.add(identity)
    return winners, clashes


def standing(events):
    """Without the retracted events and without the retractions, in order. A retraction is later than what it names,
    so going from the last back every retraction is settled before it acts."""
    by_identity = {(event.source, event.id): event for event in events}
    retracted = set()
    for event in sorted(events, key=lambda event: event.order, reverse=True):
        if event.type != "event.retracted" or (event.source, event.id) in retracted:
            continue
        named = by_identity.get((event.data.get("source", event.source), event.data["id"]))
        if named and named.subject == event.subject and named.order < event.order:
            retracted.add((named.source, named.id))
    kept = [e for e in events if e.type != "event.retracted" and (e.source, e.id) not in retracted]
    return sorted(kept, key=lambda event: event.order)


class Facts:
    """The standing events before `as_of`, by family and subject, in order."""

    def __init__(self, events, as_of):
        winners, self.clashes = without_copies(events)
        self.by_family = defaultdict(lambda: defaultdict(list))
        for event in standing([event for event in winners if event.time < as_of]):
            family = event.type.split(".")[0]
            self.by_family[family][event.subject].append(event)

    def family(self, name):
        return self.by_family[name]
