import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { EvidenceBars } from "./evidence_bars";

const KINDS = [
    ["moved", "fa-arrow-right", _t("Went to the guest who stays")],
    ["conflict", "fa-exclamation-circle", _t("Stayed with the archived contact: the other one had the same already")],
    ["kept", "fa-lock", _t("Stayed, as the law demands, and is read through the archived contact")],
    ["value", "fa-pencil", _t("Values changed")],
    ["effect", "fa-bolt", _t("Written by the merge itself")],
];

/** What a merge did, in words: rows by kind, and the evidence it rests on. */
export class MergeJournalField extends Component {
    static template = "hospitality_crm.MergeJournal";
    static components = { EvidenceBars };
    static props = { ...standardFieldProps };

    get journal() {
        return this.props.record.data[this.props.name] || { guests: [], winner: [], evidence: [] };
    }

    /** The rows of a guest by what became of them; his source profiles come first. */
    groups(guest) {
        const profiles = { kind: "moved", label: _t("Source profiles, with everything of theirs"), count: guest.profiles };
        const rows = guest.profiles ? [profiles, ...guest.rows] : guest.rows;
        return KINDS.map(([kind, icon, title]) => ({
            kind,
            icon,
            title,
            rows: rows.filter((row) => row.kind === kind),
        })).filter((group) => group.rows.length);
    }

    heading(guest) {
        return guest.state === "undone" ? _t("%s, taken out again", guest.name) : guest.name;
    }
}

registry.category("fields").add("hospitality_merge_journal", {
    component: MergeJournalField,
    displayName: _t("Merge Journal"),
    supportedTypes: ["json"],
});
