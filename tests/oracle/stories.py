"""Stories for the generator: an organisation, its procedures, and the lives of dossiers and petitions."""
from dice import AGENCIES, CHANNELS, KINDS, OFFICERS, PARTS, PROCEDURES, Dice
from instants import DAY, HOUR, SECOND, day_number, day_start, local_day
from working_time import NoCalendar


class Stories(Dice):
    # -- organisation

    def parent_of(self, code):
        if code[0] == "C":
            return self.pick(["P", "P", "N1", "N2", "Q"])
        if code in ("P", "Q") and not self.chance(0.05):
            return None
        if self.chance(0.1):
            return self.agency()
        return self.pick(["P", "P", "D1", "N1"]) if code[0] != "D" else "P"

    def kind_of(self, code):
        usual = {"P": "province", "Q": "province", "D": "department", "N": "district", "C": "commune", "U": "unit"}
        return self.pick(KINDS) if self.chance(0.08) else usual.get(code[0], self.pick(KINDS))

    def validity_instant(self):
        roll = self.random.random()
        if roll < 0.25 and self.edges:
            return self.pick(self.edges)
        if roll < 0.5:
            chosen = day_start(self.any_day())
        elif roll < 0.8:
            chosen = self.boundary() + self.pick([0, 0, 0, 1, -1])
        else:
            chosen = self.instant()
        self.edges.append(chosen)
        return chosen

    def define_agency(self, code, instant, wild):
        data = {"name": f"Đơn vị {code}", "kind": self.kind_of(code)}
        parent = self.parent_of(code)
        if parent is not None:
            data["parent"] = parent
        elif self.chance(0.2):
            data["parent"] = None
        if wild:
            self.optional(data, "valid_from", self.validity_instant)
            self.optional(data, "valid_to", self.validity_instant, 0.3)
            before = [e["data"]["valid_from"] for e in self.events
                      if e["subject"] == code and e["type"] == "agency.defined" and e["data"].get("valid_from")]
            if before and self.chance(0.4):
                data["valid_from"] = self.pick(before)
            if self.chance(0.1):
                data["parent"] = self.pick([code, "C1", "P", "", "Z1"])
        self.optional(data, "name_en", lambda: "Unit", 0.2)
        self.optional(data, "predecessors", lambda: [self.agency(), ""], 0.1)
        self.emit("agency.defined", code, instant, data)

    def define_officer(self, code, instant, wild):
        data = {"name": f"Cán bộ {code}", "agency": self.agency()}
        if wild:
            self.optional(data, "valid_from", self.validity_instant, 0.4)
            self.optional(data, "valid_to", self.validity_instant, 0.3)
        self.optional(data, "position", lambda: "Chuyên viên", 0.2)
        self.emit("officer.defined", code, instant, data)

    def early(self):
        return day_start(day_number(2025, 9, 1) + self.random.randint(0, 20)) + self.random.randint(0, 86399) * SECOND

    def organisation(self, size):
        """The bulk of the tree first, so that most figures have a row, then whatever comes."""
        agencies = AGENCIES if size >= 300 else self.random.sample(AGENCIES, 8)
        for code in sorted(set(agencies) | {"P", "C1"}):
            wild = not self.tame and self.chance(0.5)
            self.define_agency(code, self.instant() if wild else self.early(), wild)
        for code in OFFICERS:
            self.define_officer(code, self.instant() if self.chance(0.2) else self.early(), self.chance(0.3))
        for code in PROCEDURES:
            self.define_procedure(code, self.instant() if self.chance(0.25) else self.early())

    def define_procedure(self, code, instant):
        data = {
            "name": f"Thủ tục {code}",
            "levels": self.pick([["province"], ["commune"], ["province", "commune"], ["commune", "commune"], []]),
            "agency": self.agency(),
            "online": self.pick(["none", "partial", "full", "full"]),
        }
        for name in ("full_eligible", "paper_result", "fee", "payment_integrated", "for_citizens"):
            data[name] = self.chance(0.6)
        unit = self.pick(["working_day", "working_hour", "day"])
        values = [1, 2, 3, 4, 5, 10] if unit != "working_hour" else [1, 4, 4, 8, 8, 12]
        value = self.pick([7, 15, 30, 60, 2**53 - 1] if self.chance(0.1) else values)
        self.optional(data, "duration", lambda: {"value": value, "unit": unit, "note": None}, 0.85)
        self.optional(data, "field", lambda: "Đất đai", 0.2)
        self.emit("procedure.defined", code, instant, data)

    def procedure_story(self):
        code = self.procedure()
        roll = self.random.random()
        if roll < 0.2:
            self.define_procedure(code, self.instant())
            return
        if roll < 0.3:
            self.emit("procedure.unpublished", code, self.instant(), self.pick([None, {}]))
            return
        day = local_day(self.boundary()) + self.pick([0, 0, -1]) if self.chance(0.4) else self.any_day()
        instant = self.pick([day_start(day), self.clock_time(day), self.instant()])
        decision = self.pick(["12/QĐ", "13/QĐ", "14/QĐ", ""])
        if roll < 0.85:
            effective = day + self.pick([0, 1, 5, 6, 7, 7, 8, 9, 11, 14, 30, -3])
            self.edges += [day_start(effective), day_start(day + 7), day_start(day + 8)]
            kind = self.pick(["new", "amended", "amended", "repealed"])
            self.emit("procedure.announced", code, instant, {
                "decision": decision, "decided_on": self.date_text(day),
                "legal_effective_on": self.date_text(effective), "kind": kind,
            })
        for _ in range(self.pick([0, 1, 1, 2]) if roll < 0.85 else 1):
            data = {"published_on": self.date_text(day + self.pick([-1, 0, 0, 0, 1, 3, 5, 6, 7, 7, 8, 9, 12]))}
            data["parts"] = self.random.sample(PARTS, 7 if self.chance(0.7) else self.random.randint(0, 7))
            if self.chance(0.1):
                data["parts"].append(self.pick(PARTS))
            self.optional(data, "decision", lambda: decision if self.chance(0.8) else "15/QĐ")
            self.emit("procedure.published", code, self.later(instant), data)

    def reference_story(self):
        code = self.agency() or "P"
        roll = self.random.random()
        if roll < 0.35:
            self.emit("certified_copy.served", code, self.instant(), {"count": self.pick([0, 1, 1, 3])})
            if self.chance(0.3):
                self.events[-1]["time"] = self.boundary()
        elif roll < 0.75:
            code = self.pick([code, "P", "C1"])
            months = ["2026-%02d" % self.random.randint(1, 12), "2025-%02d" % self.random.randint(1, 12)]
            period = self.pick(months + ["2026-Q1", "2026-H1", "2026", "2025", "2025-Q4", "2024"])
            self.emit("portal.reported", code, self.instant(), {
                "period": period, "received": self.pick([0, 0, 0, 1, 2, 5, 6, 18, 30, 42, 90]),
            })
            if len(period) == 7 and period[5] in "QH" or len(period) == 4:  # and perhaps a month of it
                month = period[:4] + self.pick(["-01", "-03", "-11"])
                self.emit("portal.reported", code, self.instant(), {"period": month, "received": self.pick([0, 7])})
        elif roll < 0.9:
            self.define_agency(code, self.instant(), True)
        elif roll < 0.97:
            self.define_officer(self.officer(), self.instant(), True)
        else:
            self.emit("source.heartbeat", "/a", self.instant(), None)

    # -- dossiers

    def parts(self):
        return {
            "total": 4, "digitised": self.pick([0, 2]), "reused": self.pick([0, 0, 1]),
            "from_portal_store": self.pick([0, 0, 1]), "note": 1.5,
        }

    def accepted_data(self, procedure, agency, due_at):
        data = {"procedure": procedure, "agency": agency, "officer": self.officer()}
        self.optional(data, "channel", lambda: self.pick(CHANNELS), 0.4)
        if due_at is not None:
            data["due_at"] = due_at
        self.optional(data, "fee_vnd", self.amount)
        self.optional(data, "parts", self.parts, 0.6)
        self.optional(data, "population_data", lambda: self.chance(0.6))
        return data

    def submit(self, code, instant, procedure, agency):
        data = {"procedure": procedure, "agency": agency, "channel": self.pick(CHANNELS)}
        self.optional(data, "applicant", lambda: self.pick(["citizen", "business", "organisation"]), 0.3)
        self.optional(data, "on_behalf", lambda: self.chance(0.5), 0.2)
        self.optional(data, "bundle", lambda: "LT1", 0.1)
        self.emit("dossier.submitted", code, instant, data)

    def guessed_due(self, procedure, instant):
        """Where a due date could be, from any definition of the procedure."""
        durations = [
            event["data"]["duration"]
            for event in self.events
            if event["type"] == "procedure.defined" and event["subject"] == procedure and event["data"].get("duration")
        ]
        if not durations:
            return None
        duration = self.pick(durations)
        try:
            return self.calendar.due_after(instant, duration["value"], duration["unit"])
        except (NoCalendar, KeyError):
            return None

    def near(self, due_at, instant):
        """An instant at or about the due date, or any later one."""
        if due_at is not None and due_at >= instant and self.chance(0.35):
            return due_at + self.pick([0, 0, 0, -1, 1, -HOUR, HOUR])
        return self.later(instant)

    def middle_event(self, code, kind, instant, due_at):
        """One event of a dossier's life; returns the due date it gives, if any."""
        data = {}
        give = lambda: self.pick([
            due_at or instant, instant + 3 * DAY, instant + 30 * DAY, self.later(instant),
            self.clock_time(local_day(instant) + 2),
        ])
        if kind == "supplement_received":
            self.optional(data, "due_at", give, 0.35)
        elif kind in ("paused", "resumed"):
            data["reason"] = self.pick(["financial_duty"] * 4 + ["other_agency", "other"])
            if kind == "resumed":
                self.optional(data, "due_at", give, 0.35)
            elif self.chance(0.05):
                data["due_at"] = "not known here"
        elif kind == "due_changed":
            data = {"due_at": give(), "reason": "xin lỗi"}
        elif kind == "apologised":
            data["letter"] = "12"
            self.optional(data, "new_due_at", give)
        elif kind == "processed":
            data = {"outcome": self.pick(["granted", "rejected"]), "result_digital": self.chance(0.5)}
            self.optional(data, "officer", self.officer, 0.3)
        elif kind in ("stopped", "reopened", "deleted"):
            data["reason"] = "lý do"
        elif kind == "assigned":
            data["officer"] = self.officer()
            self.optional(data, "agency", self.agency, 0.3)
            self.optional(data, "step_due_at", lambda: instant, 0.2)
        elif kind == "part_digitised":
            data["count"] = self.pick([0, 1])
            self.optional(data, "reused", lambda: self.pick([0, 1]))
            self.optional(data, "from_portal_store", lambda: self.pick([0, 1]))
        elif kind == "fee_set":
            data["fee_vnd"] = self.amount()
        elif kind == "paid":
            data = {"amount_vnd": self.amount(), "method": self.pick(["portal", "gateway", "cash", "transfer"])}
            self.optional(data, "on_behalf", lambda: True, 0.1)
        elif kind == "synced":
            data = {"message": self.pick(["dossier", "dossier", "progress"]), "accepted": self.chance(0.8)}
        elif kind == "rated":
            data["satisfied"] = self.chance(0.6)
            self.optional(data, "aspects", lambda: self.pick([1.5, "x", {}, [True]]), 0.2)
        elif kind == "returned":
            self.optional(data, "channel", lambda: self.pick(CHANNELS), 0.3)
        elif kind in ("withdrawn", "refused"):
            self.optional(data, "reason", lambda: "x", 0.3)
        self.emit("dossier." + kind, code, instant, data if data or self.chance(0.5) else None)
        return data.get("due_at") if kind != "paused" else None

    STOPPING = ["supplement_requested", "supplement_received", "paused", "resumed"]
    ENDING = ["processed", "processed", "processed", "returned", "refused", "stopped", "withdrawn"]
    PLAIN = ["assigned", "part_digitised", "fee_set", "paid", "paid", "synced", "synced", "synced", "rated",
             "result_attached", "closed", "returned"]
    DUE = ["due_changed", "apologised", "due_changed"]

    def script(self):
        """The kinds of a dossier's later events, in order."""
        roll = self.random.random()
        kinds = []
        if roll < 0.35:
            kinds = self.random.sample(self.PLAIN, self.random.randint(0, 5))
            if self.chance(0.75):
                kinds.append("processed")
            kinds += self.random.sample(self.PLAIN, self.random.randint(0, 3))
            return kinds
        if roll < 0.75:
            for _ in range(self.random.randint(1, 7)):
                kinds.append(self.pick(self.STOPPING if self.chance(0.75) else self.DUE))
            if self.chance(0.6):
                kinds.append(self.pick(self.ENDING))
            if self.chance(0.3):
                kinds.append(self.pick(self.STOPPING + self.DUE))
            for _ in range(self.pick([0, 0, 1, 2])):
                kinds += ["reopened", self.pick(self.STOPPING + self.DUE), self.pick(self.STOPPING + self.ENDING)]
            kinds += self.random.sample(self.PLAIN, self.random.randint(0, 4))
            return kinds
        menu = self.STOPPING * 2 + self.ENDING + self.PLAIN + self.DUE
        menu += ["reopened", "reopened", "accepted", "submitted"]
        return [self.pick(menu) for _ in range(self.random.randint(0, 12))] + (["deleted"] if self.chance(0.1) else [])

    def dossier_story(self, codes):
        code = self.pick(codes)
        procedure, agency = self.procedure(), self.agency()
        instant = self.instant()
        if self.chance(0.7):
            self.submit(code, instant, procedure, agency)
            instant = self.later(instant) if self.chance(0.9) else instant - DAY
        due_at = None
        if self.chance(0.93):
            guessed = self.guessed_due(procedure, instant)
            given = None
            if self.chance(0.4):
                given = self.pick([
                    guessed or instant, self.later(instant), instant + 9 * DAY, instant + 30 * DAY, instant,
                    instant - DAY,
                ])
            self.emit("dossier.accepted", code, instant, self.accepted_data(procedure, agency, given))
            if self.chance(0.02):
                self.define_procedure(procedure, instant)
            due_at = given if given is not None else guessed
            if due_at is not None and self.chance(0.3):
                self.edges.append(due_at)
        stopped_at = None
        for kind in self.script():
            instant = self.near(due_at, instant) if self.chance(0.97) else self.instant()
            if kind == "accepted":
                other_due = self.pick([None, instant, self.later(instant)])
                other = self.accepted_data(self.procedure(), self.agency(), other_due)
                self.emit("dossier.accepted", code, instant, other)
                continue
            if kind == "submitted":
                self.submit(code, instant, self.procedure(), self.agency())
                continue
            given = self.middle_event(code, kind, instant, due_at)
            if kind in ("supplement_requested", "paused") and stopped_at is None:
                stopped_at = instant
            elif kind in ("supplement_received", "resumed") and stopped_at is not None:
                due_at = due_at + instant - stopped_at if due_at is not None else None
                stopped_at = None
            due_at = given if given is not None else due_at

    # -- petitions

    def petition_story(self, codes, dossier_codes):
        code = self.pick(codes)
        instant = self.instant()
        kinds = ["received"] if self.chance(0.93) else []
        menu = ["received", "transferred", "transferred", "refused", "supplement_requested", "answered", "answered",
                "published", "published", "rated", "rated"]
        if self.chance(0.5):
            kinds += self.pick([["answered", "published", "rated"], ["answered", "published"], ["answered"],
                                ["refused"], ["refused"],
                                ["supplement_requested"], ["supplement_requested", "supplement_requested"],
                                ["transferred", "answered", "published"], ["supplement_requested", "answered"], []])
        else:
            kinds += [self.pick(menu) for _ in range(self.random.randint(0, 7))]
        if self.chance(0.1):
            self.random.shuffle(kinds)
        base = instant
        for kind in kinds:
            data = {}
            if kind == "received":
                data = {"agency": self.agency(), "about": self.pick(["regulation", "conduct"]),
                        "via": self.pick(["direct", "transferred"])}
                self.optional(data, "dossier", lambda: self.pick(dossier_codes), 0.6)
                self.optional(data, "officer", self.officer, 0.6)
            elif kind == "transferred":
                data["agency"] = self.agency()
            elif kind == "rated":
                data["satisfied"] = self.chance(0.5)
            self.emit("petition." + kind, code, instant, data if data else self.pick([None, {}]))
            if kind in ("received", "transferred", "answered"):
                base = instant
            usual = {"answered": [2], "received": [2, 5, 15, 15], "transferred": [2, 5, 15, 15]}.get(kind, [5, 15])
            instant = self.petition_next(base, instant, self.pick(usual))

    def petition_next(self, base, instant, days):
        """Often exactly the end of one of the deadlines."""
        if self.chance(0.5):
            try:
                return max(instant, self.calendar.end_of_nth_day(base, days) + self.pick([-1, 0, 0, 1]))
            except NoCalendar:
                pass
        return self.later(instant)
