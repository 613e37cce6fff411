import { deserializeDate } from "@web/core/l10n/dates";

const { DateTime } = luxon;

/**
 * @param {string|false} value date as the server sends it (YYYY-MM-DD)
 * @param {DateTime} [reference] day whose year goes without saying
 * @returns {string} "12 May", or "12 May 2024" in another year
 */
export function shortDate(value, reference = DateTime.local()) {
    if (!value) {
        return "";
    }
    const date = deserializeDate(value);
    const options = { day: "numeric", month: "short" };
    if (date.year !== reference.year) {
        options.year = "numeric";
    }
    return date.toLocaleString(options);
}

/** Text without case and accents, to compare what was typed with what is shown. */
export function plain(text) {
    return (text || "")
        .normalize("NFD")
        .replace(/\p{Diacritic}/gu, "")
        .toLowerCase();
}
