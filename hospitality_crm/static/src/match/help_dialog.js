import { Component } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";

/** Keys of the review screen and what the decisions mean. */
export class HelpDialog extends Component {
    static template = "hospitality_crm.MatchHelpDialog";
    static components = { Dialog };
    static props = { close: Function };

    get keys() {
        return [
            ["M", _t("Merge: they are one person. All stays, contacts and wishes go to one guest.")],
            ["N", _t("Not the same: they are never proposed or merged again.")],
            ["H", _t("Household: two people who belong together. They get a relation and stay apart.")],
            ["S", _t("Skip: decide another time. On a touch screen: swipe.")],
            ["Z", _t("Undo the last decision.")],
            ["↑ ↓", _t("Go to the next value that differs.")],
            ["← → 1 2", _t("Choose whose value is kept. Without a choice the usual rules decide.")],
            ["W", _t("Choose who is kept: the next guest. After a merge the others lead to this one.")],
            ["F", _t("Show or hide the filters.")],
            ["?", _t("This help.")],
        ];
    }
}
