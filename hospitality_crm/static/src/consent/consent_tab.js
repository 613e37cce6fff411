import { _t } from "@web/core/l10n/translation";
import { guestTabs } from "../guest_card/guest_tab";
import { shortDate } from "../utils";

const TONES = { granted: "success", denied: "danger", pending: "warning" };
const ICONS = {
    email: "fa-envelope-o",
    sms: "fa-comment-o",
    phone: "fa-phone",
    post: "fa-paper-plane-o",
    messenger: "fa-comments-o",
    ads: "fa-bullhorn",
};

guestTabs.add("consents", (data, card) => [
    {
        name: "consents",
        model: "hospitality.consent.state",
        add: card.can.consent && _t("Record what the guest says"),
        addAction: "action_record_consent",
        openAction: card.can.statements && "action_open_consent_events",
        empty: _t("Never asked. Nothing but messages about bookings may be sent."),
        rows: data.consents?.map((row) => ({
            id: row.id,
            icon: ICONS[row.channel_key] || "fa-check-square-o",
            title: row.purpose,
            badge: row.expired ? _t("Expired") : row.state,
            tone: row.expired ? "warning" : TONES[row.state_key],
            lines: [[row.channel, row.brand || _t("all brands")].filter(Boolean).join(" · ")],
            right: row.since ? shortDate(row.since) : "",
            below: row.valid_until ? _t("until %s", shortDate(row.valid_until)) : "",
        })),
    },
]);
