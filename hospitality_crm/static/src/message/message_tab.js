import { _t } from "@web/core/l10n/translation";
import { guestTabs } from "../guest_card/guest_tab";
import { shortDate } from "../utils";

const TONES = {
    sent: "success",
    delivered: "success",
    refused: "danger",
    failed: "danger",
    bounced: "danger",
    postponed: "warning",
    uncertain: "warning",
};
const ICONS = {
    email: "fa-envelope-o",
    sms: "fa-comment-o",
    phone: "fa-phone",
    post: "fa-paper-plane-o",
    messenger: "fa-comments-o",
    ads: "fa-bullhorn",
};

guestTabs.add("messages", (data, card) => [
    {
        name: "holds",
        title: _t("Holds"),
        model: "hospitality.message.hold",
        inDialog: true,
        add: card.can.hold && _t("Hold messages"),
        empty: _t("Nothing is held back."),
        rows: data.holds?.map((row) => ({
            id: row.id,
            icon: "fa-pause-circle-o",
            title: row.reason,
            badge: row.kind,
            tone: "warning",
            lines: [_t("Nothing but messages about bookings is sent.")],
            right: row.until ? _t("until %s", shortDate(row.until.slice(0, 10))) : _t("until it is released"),
        })),
    },
    {
        name: "messages",
        title: _t("Messages"),
        model: "hospitality.message",
        empty: _t("No message was considered for this guest yet."),
        rows: data.messages?.map((row) => ({
            id: row.id,
            icon: ICONS[row.channel_key] || "fa-envelope-o",
            title: row.origin || row.purpose,
            badge: row.state,
            tone: TONES[row.state_key] || "info",
            lines: [[row.purpose, row.channel, row.brand].filter(Boolean).join(" · "), row.why].filter(Boolean),
            right: row.at ? shortDate(row.at.slice(0, 10)) : "",
        })),
    },
]);
