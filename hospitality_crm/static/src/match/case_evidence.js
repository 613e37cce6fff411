import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { EvidenceBars } from "./evidence_bars";

/** Why the guests of a case may be one: the evidence of one of its pairs at a time. */
export class CaseEvidence extends Component {
    static template = "hospitality_crm.CaseEvidence";
    static components = { EvidenceBars };
    static props = {
        guests: Array,
        pairs: Array,
        pair: Object,
        kinds: Array,
        kind: String,
        asksForKind: Boolean,
        onPair: Function,
        onKind: Function,
    };

    position(guestId) {
        return this.props.guests.findIndex((guest) => guest.id === guestId);
    }

    isShown(pair) {
        return pair.left === this.props.pair.left && pair.right === this.props.pair.right;
    }

    pairTitle(pair) {
        return `${this.position(pair.left) + 1} – ${this.position(pair.right) + 1}`;
    }

    get kindText() {
        const { guests, pair } = this.props;
        return _t("%(second)s is to %(first)s:", {
            first: guests[this.position(pair.left)].name,
            second: guests[this.position(pair.right)].name,
        });
    }
}
