import { Component } from "@odoo/owl";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { _t } from "@web/core/l10n/translation";
import { AlertChips, AllergyChips } from "../guest_chips/guest_chips";
import { shortDate } from "../utils";

const PREFERENCES_SHOWN = 3;

/** One stay or table reservation on the arrivals board. */
export class BoardCard extends Component {
    static template = "hospitality_crm.BoardCard";
    static components = { AlertChips, AllergyChips, Dropdown, DropdownItem };
    static props = {
        row: Object,
        guest: { type: [Object, { value: undefined }], optional: true },
        list: String,
        actions: Array,
        busy: Boolean,
        onOpen: Function,
        onOpenVisit: Function,
        onAct: Function,
    };

    get isTable() {
        return this.props.list === "tables";
    }

    get openTitle() {
        return this.isTable ? _t("Open the reservation") : _t("Open the stay");
    }

    get name() {
        const { guest } = this.props;
        if (guest) {
            return [guest.salutation, guest.name].filter(Boolean).join(" ");
        }
        return this.props.row.partner_id ? _t("Guest of another company") : _t("No name yet");
    }

    get localName() {
        const { guest } = this.props;
        return guest && guest.local_name && guest.local_name !== guest.name ? guest.local_name : "";
    }

    get place() {
        const { row } = this.props;
        return this.isTable ? row.table : row.room;
    }

    get dates() {
        const { row, list } = this.props;
        if (this.isTable) {
            return row.outlet || "";
        }
        const nights = row.nights === 1 ? _t("1 night") : _t("%s nights", row.nights);
        if (list === "arrivals") {
            return _t("%(nights)s, until %(date)s", { nights, date: shortDate(row.departure) });
        }
        if (list === "departures") {
            return row.overdue ? _t("was due on %s", shortDate(row.departure)) : nights;
        }
        return _t("until %s", shortDate(row.departure));
    }

    get party() {
        const { row } = this.props;
        if (this.isTable) {
            return String(row.covers);
        }
        const children = (row.children || 0) + (row.infants || 0);
        return children ? `${row.adults || 0}+${children}` : String(row.adults || 0);
    }

    get partyTitle() {
        const { row } = this.props;
        if (this.isTable) {
            return _t("%s people", row.covers);
        }
        return _t("%(adults)s adults, %(children)s children", {
            adults: row.adults || 0,
            children: (row.children || 0) + (row.infants || 0),
        });
    }

    get visits() {
        const { stays } = this.props.guest;
        if (!stays) {
            return _t("Returning");
        }
        return stays === 1 ? _t("1 stay") : _t("%s stays", stays);
    }

    get companions() {
        return (this.props.row.people || []).map((person) => person.name).join(", ");
    }

    get preferences() {
        const all = this.props.guest?.preferences || [];
        const shown = all
            .slice(0, PREFERENCES_SHOWN)
            .map((item) => (item.avoids ? _t("no %s", item.value) : item.value));
        const left = all.length - shown.length;
        return shown.join(" · ") + (left > 0 ? _t(" and %s more", left) : "");
    }

    get wishes() {
        const { row } = this.props;
        return (this.isTable ? row.wishes : row.requests) || "";
    }

    get mainActions() {
        return this.props.actions.filter((action) => action.main);
    }

    get moreActions() {
        return this.props.actions.filter((action) => !action.main);
    }
}
