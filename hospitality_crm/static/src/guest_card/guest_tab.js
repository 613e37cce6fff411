import { Component, onWillStart, useState } from "@odoo/owl";
import { formatCurrency } from "@web/core/currency";
import { deserializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { MergeUndoDialog } from "../match/merge_undo";
import { showTitle, useContacts } from "./contacts";
import { useGuestDialog } from "./guest_card";
import { shortDate } from "../utils";

const STAY_TONES = {
    in_house: "success",
    reserved: "info",
    optional: "info",
    no_show: "danger",
    unknown: "warning",
};
const TABLE_TONES = { seated: "success", booked: "info", requested: "info", no_show: "danger" };
const CHECK_TONES = { open: "success", refunded: "danger", voided: "secondary", unknown: "warning" };

const joined = (...parts) => parts.filter(Boolean).join(" · ");

/**
 * Sections of each tab: what the server sent, put into rows of title, badges, lines and what
 * stands on the right. Other addons add a tab by a loader on the server and an entry here.
 */
export const guestTabs = registry.category("hospitality_guest_tabs");

guestTabs.add("stays", (data) => [
    {
        name: "stays",
        model: "hospitality.stay",
        empty: _t("No stays yet."),
        rows: data.stays?.map((row) => ({
            id: row.id,
            icon: "fa-bed",
            title: row.property,
            badge: row.status,
            tone: STAY_TONES[row.status_key],
            lines: [
                joined(
                    row.room ? _t("Room %s", row.room) : "",
                    row.room_type,
                    row.rate_plan,
                    row.meal_plan,
                    row.adults ? _t("%s adults", row.adults) : "",
                    row.children ? _t("%s children", row.children) : ""
                ),
                joined(
                    row.channel,
                    row.confirmation ? _t("Confirmation %s", row.confirmation) : "",
                    row.source
                ),
                row.with_name ? _t("with %s", row.with_name) : "",
                row.requests,
            ],
            right: `${shortDate(row.arrival)} – ${shortDate(row.departure)}`,
            below: joined(
                row.nights === 1 ? _t("1 night") : _t("%s nights", row.nights),
                row.amount ? formatCurrency(row.amount, row.currency_id) : ""
            ),
        })),
    },
]);

guestTabs.add("tables", (data) => [
    {
        name: "reservations",
        title: _t("Table reservations"),
        model: "hospitality.reservation",
        empty: _t("No table was ever reserved."),
        rows: data.reservations?.map((row) => ({
            id: row.id,
            icon: "fa-calendar-check-o",
            title: row.outlet || row.property,
            badge: row.status,
            tone: TABLE_TONES[row.status_key],
            lines: [
                joined(
                    _t("%s people", row.covers),
                    row.table ? _t("table %s", row.table) : "",
                    row.occasion,
                    row.channel
                ),
                row.wishes,
            ],
            right: shortDate(row.date),
            below: deserializeDateTime(row.starts_at).toLocaleString({
                hour: "2-digit",
                minute: "2-digit",
            }),
        })),
    },
    {
        name: "checks",
        title: _t("Checks"),
        model: "hospitality.check",
        empty: _t("No checks yet."),
        rows: data.checks?.map((row) => ({
            id: row.id,
            icon: "fa-cutlery",
            title: row.outlet || row.property,
            badge: row.status_key === "paid" ? "" : row.status,
            tone: CHECK_TONES[row.status_key],
            lines: [
                joined(
                    row.number ? _t("Check %s", row.number) : "",
                    row.daypart,
                    row.covers ? _t("%s covers", row.covers) : "",
                    row.table ? _t("table %s", row.table) : ""
                ),
                // Whose check it is was concluded, not told.
                row.evidence && row.confidence < 1
                    ? _t("Guest known by: %(evidence)s, %(certainty)s certain", {
                          evidence: row.evidence,
                          certainty: `${Math.round(row.confidence * 100)}%`,
                      })
                    : "",
            ].filter(Boolean),
            right: shortDate(row.date),
            below: row.amount ? formatCurrency(row.amount, row.currency_id) : "",
        })),
    },
]);

guestTabs.add("wishes", (data, card) => [
    {
        name: "preferences",
        title: _t("Preferences"),
        model: "hospitality.preference",
        inDialog: true,
        add: card.can.preference && _t("Add a preference"),
        empty: _t("No preferences yet. Note what the guest likes or wants to avoid."),
        rows: data.preferences?.map((row) => ({
            id: row.id,
            icon: row.avoids ? "fa-ban" : "fa-heart-o",
            title: row.avoids ? _t("Avoids: %s", row.value) : row.value,
            badge: row.outdated ? _t("Outdated") : "",
            tone: "warning",
            lines: [joined(row.type, row.category, row.property), joined(row.confidence, row.source)],
            right: shortDate(row.confirmed_on),
            below: _t("confirmed"),
        })),
    },
    {
        name: "allergies",
        title: _t("Allergies and diets"),
        model: "hospitality.allergy",
        inDialog: true,
        add: card.can.allergy && _t("Add an allergy"),
        empty: _t("Unknown. Ask the guest, then record the allergies or that there are none."),
        rows: data.allergies?.map((row) => ({
            id: row.id,
            icon: row.kind_key === "none" ? "fa-check" : "fa-exclamation-triangle",
            title: joined(row.allergen, row.detail) || row.kind,
            badge: row.kind_key === "allergy" || row.kind_key === "intolerance" ? row.severity : "",
            tone: row.severity_key === "3" ? "danger" : "secondary",
            lines: [joined(row.kind, row.source)],
            right: shortDate(row.confirmed_on),
            below: row.is_dropped ? _t("to be confirmed") : _t("confirmed"),
        })),
    },
    {
        name: "special_dates",
        title: _t("Special dates"),
        model: "hospitality.special.date",
        inDialog: true,
        add: card.can.special_date && _t("Add a date"),
        empty: _t("No anniversaries known."),
        rows: data.special_dates?.map((row) => ({
            id: row.id,
            icon: "fa-gift",
            title: row.label,
            lines: [row.year ? String(row.year) : ""],
            right: luxon.DateTime.local(2000, row.month, row.day).toLocaleString({
                day: "numeric",
                month: "long",
            }),
        })),
    },
]);

const POINT_ICONS = { email: "fa-envelope-o", phone: "fa-phone", messenger: "fa-comment-o" };
const POINT_KINDS = {
    relay: [_t("OTA relay"), "warning"],
    shared: [_t("Shared"), "warning"],
    reception: [_t("Our own"), "secondary"],
    junk: [_t("Placeholder"), "danger"],
};

guestTabs.add("contacts", (data, card, contacts) => [
    {
        name: "points",
        title: _t("Contact points"),
        model: "hospitality.contact.point",
        show: !contacts.shown && data.points?.some((row) => row.hidden),
        empty: _t("No e-mail, phone or messenger known."),
        rows: mergePoints(data.points).map((row) => ({
            id: row.point_id,
            icon: POINT_ICONS[row.channel],
            title: contacts.shown?.points[row.point_id] || row.value,
            badge: row.reachable ? POINT_KINDS[row.kind]?.[0] : _t("Unreachable"),
            tone: row.reachable ? POINT_KINDS[row.kind]?.[1] : "danger",
            lines: [
                joined(
                    row.sources.join(", "),
                    row.verified ? _t("verified") : "",
                    row.name_count > 1 ? _t("used by %s names", row.name_count) : ""
                ),
            ],
        })),
    },
    {
        name: "profiles",
        title: _t("Source profiles"),
        model: "hospitality.profile",
        empty: _t("No source system knows this guest."),
        rows: data.profiles?.map((row) => ({
            id: row.id,
            icon: "fa-database",
            title: row.source,
            badge: row.state_key === "live" ? "" : row.state,
            tone: "secondary",
            lines: [joined(row.name, row.property), row.external_id],
            right: shortDate(row.seen_at && row.seen_at.slice(0, 10)),
            below: _t("last changed"),
        })),
    },
]);

/** One row per contact point, with all the sources that have it. */
function mergePoints(links) {
    const points = new Map();
    for (const link of links || []) {
        const point = points.get(link.point_id) || { ...link, sources: [], verified: false };
        if (!point.sources.includes(link.source)) {
            point.sources.push(link.source);
        }
        point.verified ||= link.verified;
        points.set(link.point_id, point);
    }
    return [...points.values()];
}

guestTabs.add("relations", (data, card) => [
    {
        name: "relations",
        title: _t("Relations"),
        model: "hospitality.relation",
        inDialog: true,
        add: card.can.relation && _t("Add a relation"),
        empty: _t("No family, companions, employer or agency known."),
        rows: data.relations?.map((row) => ({
            id: row.id,
            icon: "fa-users",
            title: row.other,
            guestId: row.other_id,
            badge: row.kind,
            tone: "info",
            lines: [row.note],
            right: joined(
                row.date_from ? _t("from %s", shortDate(row.date_from)) : "",
                row.date_to ? _t("until %s", shortDate(row.date_to)) : ""
            ),
        })),
    },
    {
        name: "bookings",
        title: _t("Bookings"),
        model: "hospitality.booking",
        empty: _t("No bookings made by this guest, his company or agency."),
        rows: data.bookings?.map((row) => ({
            id: row.id,
            icon: "fa-bookmark-o",
            title: row.confirmation || row.group_code || row.property,
            badge: row.status,
            tone: STAY_TONES[row.status_key],
            lines: [joined(row.role, row.booker, row.property, row.channel)],
            right: shortDate(row.booked_on),
        })),
    },
]);

guestTabs.add("merges", (data) => [
    {
        name: "merges",
        model: "hospitality.merge",
        guestField: "winner_id",
        empty: _t("Nobody was merged into this guest."),
        rows: data.merges?.map((row) => ({
            id: row.merge_id,
            key: row.id,
            icon: "fa-compress",
            title: row.name,
            badge: row.state === "done" ? "" : row.state_label,
            tone: "secondary",
            lines: [joined(row.reason, row.automatic ? _t("by the system") : "")],
            right: shortDate(row.merged_at.slice(0, 10)),
            below: _t("merged"),
            undo: row.can_undo ? { mergeId: row.merge_id, partnerIds: [row.partner_id] } : null,
        })),
    },
]);

/** A tab of the guest card: asks the server when it is opened, and again when the card changes. */
export class GuestTab extends Component {
    static template = "hospitality_crm.GuestTab";
    static props = { ...standardWidgetProps, tab: String };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.dialog = useService("dialog");
        this.openDialog = useGuestDialog(() => this.props.record);
        this.contacts = useContacts(() => this.props.record);
        this.showTitle = showTitle;
        this.state = useState({ data: null });
        onWillStart(() => this.load());
    }

    async load() {
        const { resId } = this.props.record;
        this.state.data = resId
            ? await this.orm.call("hospitality.guest.card", "get_tab", [resId, this.props.tab])
            : null;
    }

    get sections() {
        const { data } = this.state;
        if (!data) {
            return [];
        }
        return guestTabs
            .get(this.props.tab)(data, this.props.record.data.guest_card, this.contacts)
            .filter((section) => data[section.name] !== null)
            .map((section) => ({ ...section, more: data.more.includes(section.name) }));
    }

    /** Run a method of the guest that opens something; the card is read again when that is closed. */
    runAction(name) {
        this.action.doActionButton({
            type: "object",
            name,
            resModel: "res.partner",
            resId: this.props.record.resId,
            onClose: () => this.load(),
        });
    }

    add(section) {
        if (section.addAction) {
            this.runAction(section.addAction);
            return;
        }
        this.openDialog({
            resModel: section.model,
            title: section.add,
            onSaved: () => this.load(),
        });
    }

    open(section, row) {
        if ("openAction" in section) {
            if (section.openAction) {
                this.runAction(section.openAction);
            }
            return;
        }
        if (section.inDialog) {
            this.openDialog({
                resModel: section.model,
                resId: row.id,
                title: row.title,
                onSaved: () => this.load(),
            });
            return;
        }
        this.action.doAction({
            type: "ir.actions.act_window",
            res_model: section.model,
            res_id: row.id,
            views: [[false, "form"]],
        });
    }

    undoMerge(row) {
        this.dialog.add(MergeUndoDialog, {
            ...row.undo,
            onDone: async () => {
                await this.props.record.load();
                await this.load();
            },
        });
    }

    openGuest(row) {
        this.action.doActionButton({
            type: "object",
            name: "action_open_guest_card",
            resModel: "res.partner",
            resId: row.guestId,
        });
    }

    openAll(section) {
        const { resId, data } = this.props.record;
        this.action.doAction({
            type: "ir.actions.act_window",
            name: data.guest_card.person.name,
            res_model: section.model,
            views: [
                [false, "list"],
                [false, "form"],
            ],
            domain: [[section.guestField || "partner_id", "=", resId]],
        });
    }
}

registry.category("view_widgets").add("hospitality_guest_tab", {
    component: GuestTab,
    extractProps: ({ attrs }) => ({ tab: attrs.tab }),
});
