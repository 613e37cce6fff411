import { _t } from "@web/core/l10n/translation";
import { guestTabs } from "../guest_card/guest_tab";
import { shortDate } from "../utils";

const GOOD = 80;
const POOR = 50;

function toneOf(row) {
    if (row.status_key === "removed" || !row.has_rating) {
        return "";
    }
    return row.score >= GOOD ? "success" : row.score < POOR ? "danger" : "warning";
}

guestTabs.add("reviews", (data) => [
    {
        name: "reviews",
        model: "hospitality.review",
        empty: _t("No reviews. Those that name a visit of the guest appear here."),
        rows: data.reviews?.map((row) => ({
            id: row.id,
            icon: "fa-star-half-o",
            title: row.title || row.property,
            badge: row.status_key === "removed" ? row.status : row.has_rating ? String(Math.round(row.score)) : "",
            tone: toneOf(row),
            lines: [row.text, [row.property, row.source].filter(Boolean).join(" · ")].filter(Boolean),
            right: row.at ? shortDate(row.at) : "",
            below: row.replied ? _t("replied") : "",
        })),
    },
]);
