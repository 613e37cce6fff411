import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { EvidenceBars } from "./evidence_bars";

const KINDS = {
    moved: ["fa-arrow-right", _t("went to the guest who stays")],
    conflict: ["fa-exclamation-circle", _t("stayed with the archived contact: the other one had the same already")],
    kept: ["fa-lock", _t("stayed, as the law demands; read through the archived contact")],
    value: ["fa-pencil", _t("values changed")],
    effect: ["fa-bolt", _t("written by the merge itself")],
};

/** What a merge did, in words: rows by kind, and the evidence it rests on. */
export class MergeJournalField extends Component {
    static template = "hospitality_crm.MergeJournal";
    static components = { EvidenceBars };
    static props = { ...standardFieldProps };

    get journal() {
        return this.props.record.data[this.props.name] || { guests: [], winner: [], evidence: [] };
    }

    icon(row) {
        return KINDS[row.kind]?.[0] || "fa-circle-o";
    }

    meaning(row) {
        return KINDS[row.kind]?.[1] || row.kind_label;
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
