import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";

/** A score is the sum of these weights: each piece of evidence as a bar, for or against. */
export class EvidenceBars extends Component {
    static template = "hospitality_crm.EvidenceBars";
    static props = { evidence: Array, score: Number, showValues: { type: Boolean, optional: true } };

    get widest() {
        return Math.max(4, ...this.props.evidence.map((piece) => Math.abs(piece.weight)));
    }

    style(piece) {
        const share = (Math.abs(piece.weight) / this.widest) * 50;
        return piece.weight < 0
            ? `inset-inline-start: ${50 - share}%; width: ${share}%`
            : `inset-inline-start: 50%; width: ${share}%`;
    }

    number(value) {
        const text = Math.abs(value).toFixed(1);
        return value < 0 ? `−${text}` : `+${text}`;
    }

    meaning(piece) {
        return piece.weight < 0
            ? _t("speaks against it with %s", this.number(piece.weight))
            : _t("speaks for it with %s", this.number(piece.weight));
    }

    values(piece) {
        const { left, right } = piece;
        if (!this.props.showValues || (!left && !right)) {
            return "";
        }
        return left === right || !right ? left : `${left || "–"} · ${right}`;
    }
}
