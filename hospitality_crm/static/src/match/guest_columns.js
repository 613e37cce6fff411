import { Component } from "@odoo/owl";
import { deserializeDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { AlertChips } from "../guest_chips/guest_chips";
import { shortDate } from "../utils";

/**
 * Guests side by side: a column per guest, a row per value. What differs can be chosen.
 *
 * `choices` maps the name of a row to the id of the guest whose value is kept; without an entry
 * the rules of survivorship decide.
 */
export class GuestColumns extends Component {
    static template = "hospitality_crm.GuestColumns";
    static components = { AlertChips };
    static props = {
        guests: Array,
        rows: Array,
        choices: Object,
        left: { type: Object, optional: true },
        winner: { type: Number, optional: true },
        cursor: { type: String, optional: true },
        canChoose: { type: Boolean, optional: true },
        onChoose: { type: Function, optional: true },
        onToggle: { type: Function, optional: true },
        onWinner: { type: Function, optional: true },
        onOpen: { type: Function, optional: true },
    };

    get style() {
        return `--o-hosp-columns: ${this.props.guests.length}`;
    }

    get letters() {
        return this.props.guests.map((guest, index) => String(index + 1));
    }

    isLeft(guest) {
        return Boolean(this.props.left?.[guest.id]);
    }

    leftLabel(guest) {
        return this.isLeft(guest) ? _t("Decide about this guest, too") : _t("Leave this guest out");
    }

    winnerLabel(guest) {
        return _t("%s is kept: after a merge the others lead to this guest", guest.name);
    }

    statusText(row) {
        return {
            same: _t("Equal"),
            alike: _t("Similar"),
            some: _t("Known once"),
            differ: _t("Different"),
        }[row.status];
    }

    statusIcon(row) {
        return { same: "fa-check", alike: "fa-adjust", some: "fa-minus", differ: "fa-times" }[row.status];
    }

    isChosen(row, guest) {
        return this.props.choices[row.name] === guest.id;
    }

    canPick(row, index) {
        return this.props.canChoose && row.choose && row.cells[index].length > 0;
    }

    pickLabel(row, guest) {
        return _t("Keep %(value)s of %(guest)s", { value: row.label, guest: guest.name });
    }

    text(row, item) {
        return row.name === "birthdate"
            ? deserializeDate(item.text).toLocaleString({ day: "numeric", month: "long", year: "numeric" })
            : item.text;
    }

    stays(guest) {
        const { stays, checks } = guest.visits;
        if (stays) {
            return stays === 1 ? _t("1 stay") : _t("%s stays", stays);
        }
        if (checks) {
            return checks === 1 ? _t("1 check") : _t("%s checks", checks);
        }
        return _t("No visits");
    }

    last(guest) {
        const { last_visit, next_visit } = guest.visits;
        if (last_visit) {
            return _t("last %s", shortDate(last_visit));
        }
        return next_visit ? _t("coming %s", shortDate(next_visit)) : "";
    }

    sources(guest) {
        return guest.sources
            .map(({ name, count }) => (count > 1 ? `${name} ×${count}` : name))
            .join(", ");
    }
}
