from odoo import api, models

# What a piece of evidence is about. The engine weighs combinations, too (a name together with a number): people see
# the sum for what the combination is with.
SUBJECTS = {
    "given": "name",
    "family": "name",
    "name": "name",
    "order": "name",
    "middle": "name",
    "suffix": "name",
    "rarity": "rarity",
    "chance": "rarity",
    "entity": "rarity",
    "email": "contact",
    "phone": "contact",
    "name_contact": "contact",
    "birth": "birth",
    "name_birth": "birth",
    "address": "address",
    "name_address": "address",
    "city": "address",
    "zip": "address",
    "country": "address",
}
# A subject that is not of these and weighs less than this speaks against the pair.
NO_DOUBT = frozenset({"prior", "rarity"})
DOUBT = -1.0
# What weighs less says nothing to people.
SILENT = 0.05
# From so many bearers on a name is common.
COMMON = 9


class HospitalityMatchTexts(models.AbstractModel):
    """What the matching engine found, in words for people.

    The engine speaks in codes ``slot.level`` (see ``engine.matching.slots``); here they become one line per
    subject with a sentence in the language of the user. The weights of the lines sum to the score.
    """

    _name = "hospitality.match.texts"
    _description = "Words for Evidence"

    @api.model
    def _show_evidence(self, evidence):
        """Return the evidence of a pair per subject, the strongest first.

        :param list evidence: ``{"code", "weight", "left", "right"}`` as stored
        :return: list of ``{"subject", "label", "text", "weight", "left", "right"}``
        """
        lines = {}
        for piece in evidence or ():
            slot = piece["code"].partition(".")[0]
            subject = SUBJECTS.get(slot, slot)
            line = lines.setdefault(subject, {"subject": subject, "weight": 0.0, "pieces": [], "values": {}})
            line["weight"] += piece["weight"]
            line["pieces"].append(piece)
            if slot not in ("rarity", "chance", "entity") and (piece.get("left") or piece.get("right")):
                values = (self._to_text(piece.get("left")), self._to_text(piece.get("right")))
                line["values"].setdefault("name" if slot.startswith("name") else slot, values)
        labels = self._get_subject_labels()
        shown = []
        for subject, line in lines.items():
            # A guard holds a pair back whatever it weighs.
            if abs(line["weight"]) < SILENT and subject != "guard":
                continue
            left, right = self._get_values(subject, line["values"])
            shown.append(
                {
                    "subject": subject,
                    "label": labels.get(subject, subject),
                    "text": self._get_sentence(line["pieces"]),
                    "weight": round(line["weight"], 2),
                    "left": left,
                    "right": right,
                }
            )
        return sorted(shown, key=lambda line: (line["subject"] == "prior", -abs(line["weight"])))

    @api.model
    def _speaks_against(self, evidence):
        """Whether some subject of the evidence speaks against the pair."""
        weights = {}
        for piece in evidence or ():
            slot = piece["code"].partition(".")[0]
            subject = SUBJECTS.get(slot, slot)
            weights[subject] = weights.get(subject, 0.0) + piece["weight"]
        return "guard" in weights or any(
            weight < DOUBT for subject, weight in weights.items() if subject not in NO_DOUBT
        )

    @api.model
    def _get_values(self, subject, values):
        """Return the compared values of a subject: those of its slots one after the other, without doubles."""
        if subject == "name" and "name" in values:
            return values["name"]
        if subject == "name":
            slots = ("given", "middle", "family", "suffix")
            return tuple(" ".join(filter(None, (values[s][side] for s in slots if s in values))) for side in (0, 1))
        found = [pair for slot, pair in values.items() if slot != "name"]
        return tuple(", ".join(filter(None, (pair[side] for pair in found))) for side in (0, 1))

    @api.model
    def _to_text(self, value):
        if isinstance(value, (list, tuple)):
            return ", ".join(self._to_text(item) for item in value)
        return "" if value in (None, False) else str(value)

    @api.model
    def _get_sentence(self, pieces):
        """Return the sentences about the pieces of one subject, in the order of the slots."""
        texts = self._get_slot_texts()
        found = []
        for piece in pieces:
            slot, _dot, level = piece["code"].partition(".")
            if slot == "rarity":
                text = self._get_rarity_text(level)
            elif slot == "entity":
                text = self._get_entity_text(level)
            else:
                known = texts.get(slot, {})
                text = known.get(level) or known.get(level.rpartition("_")[0])
            if text and text not in found:
                found.append(text)
        return " ".join(found)

    @api.model
    def _get_rarity_text(self, level):
        kind, _colon, count = level.partition(":")
        if not count.isdecimal():
            return ""
        bearers = int(count)
        if kind == "part":
            if bearers == 1:
                return self.env._("Nobody else bears the part of the name that both have.")
            return self.env._("The part of the name that both have is borne by %s guests or more.", bearers)
        if bearers == 1:
            return self.env._("Nobody else bears this name.")
        if bearers < COMMON:
            return self.env._("A rare name: borne by %s guests or a few more.", bearers)
        return self.env._("A common name: borne by %s guests or more.", bearers)

    @api.model
    def _get_entity_text(self, level):
        """Return what the other records of both say: the level is size, least, others and apart, see the engine."""
        if level.rpartition(":")[2] in ("1", "2"):
            return self.env._("Both are known with contacts of their own, and none of them is the same.")
        return self.env._("Weighed against the other guests of this name.")

    @api.model
    def _get_subject_labels(self):
        return {
            "name": self.env._("Name"),
            "rarity": self.env._("How common the name is"),
            "contact": self.env._("E-mail and phone"),
            "birth": self.env._("Birth date"),
            "address": self.env._("Address"),
            "document": self.env._("Document"),
            "loyalty": self.env._("Loyalty number"),
            "gender": self.env._("Gender"),
            "company": self.env._("Company"),
            "guard": self.env._("Caution"),
            "organisation": self.env._("Company or agency"),
            "prior": self.env._("Starting point"),
            "source": self.env._("Source system"),
        }

    @api.model
    def _get_slot_texts(self):
        """Return sentences by slot and level; a level ``same_3`` may be told as ``same``."""
        return {
            **self._get_name_texts(),
            **self._get_contact_texts(),
            "birth": {
                "same": self.env._("The same birth date."),
                "similar": self.env._("Birth dates that differ by a slip, such as day and month exchanged."),
                "year": self.env._("The same year of birth alone."),
                "differs": self.env._("Different birth dates."),
            },
            "address": {
                "same": self.env._("The same address."),
                "similar": self.env._("Addresses that differ by a slip."),
                "near": self.env._("Addresses that are the same in part."),
                "street": self.env._("The same street."),
                "differs": self.env._("Different addresses."),
            },
            "zip": {
                "same": self.env._("The same postal code."),
                "similar": self.env._("Postal codes that differ by a slip."),
                "differs": self.env._("Different postal codes."),
            },
            "organisation": {
                "mixed": self.env._("One is a person, the other a company."),
                "number": self.env._("The same tax or registration number."),
                "number_differs": self.env._("Different tax or registration numbers."),
                "name_contact": self.env._("The same name and the same contact."),
                "name": self.env._("The same name."),
                "contact": self.env._("The same contact under different names."),
                "differs": self.env._("Different companies."),
            },
            "city": {
                "same": self.env._("The same city."),
                "similar": self.env._("The same city in another spelling."),
                "differs": self.env._("Different cities."),
            },
            "country": {"same": self.env._("The same country."), "differs": self.env._("Different countries.")},
            "document": {
                "same": self.env._("The same document number."),
                "similar": self.env._("Document numbers that differ by a slip."),
                "differs": self.env._("Different document numbers; a renewed passport has a new one."),
            },
            "loyalty": {
                "same": self.env._("The same loyalty number."),
                "similar": self.env._("Loyalty numbers that differ by a slip."),
                "differs": self.env._("Different loyalty numbers of one programme."),
            },
            "guard": {
                "suffix": self.env._("Only one of them is Jr or Sr: it may be father and son."),
                "given": self.env._("The given names may be those of brothers or sisters."),
                "middle": self.env._("The middle names may be those of two relatives."),
                "family": self.env._("Only the given name is the same."),
                "word": self.env._("All there is of the names is one word each."),
                "gender": self.env._("The genders contradict each other."),
                "birth": self.env._("The birth dates contradict each other."),
                "document": self.env._("Another document number, and no contact in common."),
                "contact": self.env._("Other contacts, and nothing but the name in common."),
            },
            "source": {"merge": self.env._("The source system has merged both records.")},
            "gender": {"same": self.env._("The same gender."), "differs": self.env._("Different genders.")},
            "company": {"same": self.env._("The same company."), "differs": self.env._("Different companies.")},
            "prior": {
                "": self.env._("Two records that are alike in something are not the same person more often than not.")
            },
        }

    @api.model
    def _get_name_texts(self):
        given = {
            "missing": self.env._("One has no given name."),
            "same": self.env._("The same given name."),
            "sound": self.env._("The same given name in another spelling."),
            "skeleton": self.env._("Given names with the same consonants."),
            "typo": self.env._("A slip in the given name."),
            "slip": self.env._("A slip of the keyboard in the given name."),
            "typo_known": self.env._("Given names that differ by a letter, each a name of its own."),
            "nickname": self.env._("A nickname for the given name."),
            "form": self.env._("A short or everyday form of the given name."),
            "initial": self.env._("An initial that fits the given name."),
            "short": self.env._("A shortened given name."),
            "gender": self.env._("The male and the female form of a given name."),
            "alike": self.env._("Given names that resemble each other."),
            "initial_differs": self.env._("An initial that doesn't fit the given name."),
            "differs": self.env._("Different given names."),
            "known_differ": self.env._("Different given names, both well known."),
            "second": self.env._("A second given name instead of the first."),
        }
        family = {
            "missing": self.env._("One has no family name."),
            "same": self.env._("The same family name."),
            "sound": self.env._("The same family name in another spelling."),
            "skeleton": self.env._("Family names with the same consonants."),
            "typo": self.env._("A slip in the family name."),
            "slip": self.env._("A slip of the keyboard in the family name."),
            "typo_known": self.env._("Family names that differ by a letter."),
            "form": self.env._("Another form of the family name."),
            "nickname": self.env._("A short form of the family name."),
            "initial": self.env._("An initial that fits the family name."),
            "short": self.env._("A shortened family name."),
            "gender": self.env._("The male and the female form of a family name."),
            "alike": self.env._("Family names that resemble each other."),
            "initial_differs": self.env._("An initial that doesn't fit the family name."),
            "differs": self.env._("Different family names."),
            "known_differ": self.env._("Different family names."),
            "second": self.env._("A second family name instead of the first."),
        }
        return {
            "given": given,
            "family": family,
            "order": {
                "swapped": self.env._("Given and family name are exchanged."),
                "words": self.env._("The same words in another order."),
            },
            "middle": {
                "same": self.env._("The same middle name."),
                "initial": self.env._("A fitting middle initial."),
                "differs": self.env._("Different middle names."),
            },
            "suffix": {
                "same": self.env._("The same suffix."),
                "one": self.env._("Only one has a suffix such as Jr."),
                "differs": self.env._("Different suffixes, such as Jr and Sr."),
            },
        }

    @api.model
    def _get_contact_texts(self):
        many = ("same_5", "same_10", "same_30")
        return {
            "email": {
                "same_1": self.env._("The same e-mail address, used by nobody else."),
                "same": self.env._("The same e-mail address, used under several names."),
                **dict.fromkeys(many, self.env._("The same e-mail address, but many use it.")),
                "similar": self.env._("E-mail addresses that differ by a slip."),
                "mailbox": self.env._("The same mailbox at another provider."),
                "differs": self.env._("Different e-mail addresses."),
            },
            "phone": {
                "same_1": self.env._("The same phone number, used by nobody else."),
                "same": self.env._("The same phone number, used under several names."),
                **dict.fromkeys(many, self.env._("The same phone number, but many use it.")),
                "similar": self.env._("Phone numbers that differ by a slip."),
                "mailbox": self.env._("Nearly the same phone number."),
                "differs": self.env._("Different phone numbers."),
            },
        }

    @api.model
    def _get_band_texts(self):
        """Return what a band means, as the heading of a case."""
        return {
            "merge": self.env._("Almost certainly the same person"),
            "ask": self.env._("Perhaps the same person"),
            "household": self.env._("Probably two people of one household"),
        }
