from datetime import date


class OrmWriter:
    """Writes canonical events record by record, as code without the bulk writer would."""

    def _write_by_orm(self):
        records = {entity: {} for entity in ("guest", "booking", "reservation", "stay", "check")}
        for event in self.events:
            entity = event["entity"]
            record = getattr(self, f"_orm_{entity}")(event, records)
            if entity in records:
                records[entity][event["external_id"]] = record
        self.env.flush_all()
        for stay in records["stay"].values():
            self._sum_lines(stay)
        self.env.flush_all()

    def _common(self, event, *names):
        values = {name: event[name] for name in ("external_id", "version", "payload_hash", *names) if name in event}
        return {**values, "source_id": self.source.id}

    def _visit(self, event, records, *names):
        values = self._common(event, "status", "status_raw", "booked_on", "cancelled_on", "warnings", *names)
        values["property_id"] = self.palace.id
        for key, value in (("channel", self.channel), ("outlet", self.outlet), ("room_type", self.room_type)):
            if key in event:
                values[f"{key}_id"] = value.id
        if "guest" in event:
            values["profile_id"] = records["guest"][event["guest"]].id
        return values

    def _money(self, event, day, values, *names):
        currency = self.env["res.currency"].search([("name", "=", event.get("currency", "EUR"))])
        values["currency_id"] = currency.id
        if day:
            values["currency_rate"] = self.env["res.currency"]._get_conversion_rate(
                currency, self.company.currency_id, self.company, day
            )
        values.update({name: float(event[name]) for name in names if name in event})
        return values

    def _orm_guest(self, event, _records):
        return self.env["hospitality.profile"].create(
            {
                **self._common(event, "kind", "values"),
                "property_id": self.palace.id,
                "seen_at": self._to_datetime(event["version"]),
            }
        )

    def _to_datetime(self, seconds):
        self.env.cr.execute("SELECT to_timestamp(%s) AT TIME ZONE 'UTC'", [seconds])
        return self.env.cr.fetchone()[0]

    def _orm_booking(self, event, records):
        values = self._visit(event, records, "confirmation", "group_code")
        for key, name in (
            ("booker", "profile_id"),
            ("company", "company_profile_id"),
            ("agency", "agency_profile_id"),
        ):
            if key in event:
                profile = records["guest"][event[key]]
                values[name] = profile.id
                values[name.replace("profile", "partner")] = profile.partner_id.id
        return self.env["hospitality.booking"].create(values)

    def _orm_reservation(self, event, records):
        values = self._visit(event, records, "starts_at", "covers", "duration", "wishes")
        self._money(event, None, values, "deposit")
        # Kyiv is two hours ahead of UTC in winter, three in summer; the day ends at four.
        values["business_date"] = self._business_date(event["starts_at"])
        return self.env["hospitality.reservation"].create(values)

    def _business_date(self, instant):
        self.env.cr.execute(
            "SELECT ((%s::timestamp AT TIME ZONE 'UTC' AT TIME ZONE 'Europe/Kyiv') - interval '4 hours')::date",
            [instant],
        )
        return self.env.cr.fetchone()[0]

    def _daypart(self, instant):
        self.env.cr.execute(
            "SELECT extract(hour FROM %s::timestamp AT TIME ZONE 'UTC' AT TIME ZONE 'Europe/Kyiv')::int",
            [instant],
        )
        hour = self.env.cr.fetchone()[0]
        limits = ((5, "late"), (11, "breakfast"), (15, "lunch"), (18, "afternoon"), (23, "dinner"), (24, "late"))
        return next(part for end, part in limits if hour < end)

    def _orm_stay(self, event, records):
        values = self._visit(
            event, records,
            *"arrival departure eta checked_in_at rate_plan market adults children purpose requests is_pseudo".split(),
        )  # fmt: skip
        arrival, departure = date.fromisoformat(event["arrival"]), date.fromisoformat(event["departure"])
        self._money(event, arrival, values, "rate_amount", "amount_total", "amount_fb")
        if "booking" in event:
            values["booking_id"] = records["booking"][event["booking"]].id
        if "booked_on" in event:
            values["lead_time"] = (arrival - date.fromisoformat(event["booked_on"])).days
        if "amount_total" in event or "amount_fb" in event:
            values["revenue_basis"] = "source"
            meals = values.get("amount_fb", 0)
            if "amount_total" in values:
                values["amount_room"] = values["amount_total"] - meals
            else:
                values["amount_total"] = meals
        elif "rate_amount" in event:
            values["revenue_basis"] = "rate"
            total = values["rate_amount"] * (departure - arrival).days
            values["amount_room"] = values["amount_total"] = total
        stay = self.env["hospitality.stay"].create(values)
        self.env["hospitality.stay.guest"].create(
            [
                {
                    "stay_id": stay.id,
                    "profile_id": records["guest"][person["guest"]].id,
                    "sequence": sequence,
                    **{key: person[key] for key in ("role", "pays", "sleeps")},
                }
                for sequence, person in enumerate(event["guests"])
            ]
        )
        return stay

    def _orm_check(self, event, records):
        values = self._visit(event, records, "number", "covers", "closed_at")
        values["business_date"] = self._business_date(event["closed_at"])
        values["daypart"] = self._daypart(event["closed_at"])
        for key in ("stay", "reservation"):
            if key in event:
                values[f"{key}_id"] = records[key][event[key]].id
        if "refund_of" in event:
            values["refund_of_id"] = records["check"][event["refund_of"]].id
        self._money(event, values["business_date"], values, "amount_total", "amount_tip")
        return self.env["hospitality.check"].create(values)

    def _parent(self, event, records):
        parent = records["stay"][event["stay"]] if "stay" in event else records["check"][event["check"]]
        return parent, {"stay_id" if "stay" in event else "check_id": parent.id, "currency_id": parent.currency_id.id}

    def _orm_charge(self, event, records):
        parent, values = self._parent(event, records)
        values.update(self._common(event, "name", "department", "quantity", "state", "window", "business_date"))
        values.setdefault("business_date", parent["arrival" if "stay" in event else "business_date"])
        values.update({name: float(event[name]) for name in ("amount_gross", "amount_tax") if name in event})
        if "amount_gross" in values:
            values["amount_net"] = values["amount_gross"] - values.get("amount_tax", 0)
        return self.env["hospitality.charge"].create(values)

    def _orm_payment(self, event, records):
        _parent, values = self._parent(event, records)
        values.update(self._common(event, "method", "card_last4"))
        values.update({name: float(event[name]) for name in ("amount", "tip") if name in event})
        return self.env["hospitality.payment"].create(values)

    def _sum_lines(self, stay):
        lines = stay.charge_ids
        if not lines:
            return
        lines = lines.filtered(lambda line: line.state in ("live", "allowance", "refund"))

        def total(*departments):
            return sum(line.amount_gross for line in lines if line.department in departments)

        tax = sum(line.amount_tax for line in lines if line.department != "tax")
        stay.write(
            {
                "revenue_basis": "lines",
                "amount_room": total("room"),
                "amount_fb": total("fb"),
                "amount_other": total("other", "package", "fee"),
                "amount_tax": total("tax") + tax,
                "amount_total": total("room", "fb", "other", "package", "fee", "tax"),
            }
        )
