import { Component } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { formatCurrency } from "@web/core/currency";
import { deserializeDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { FormViewDialog } from "@web/views/view_dialogs/form_view_dialog";
import { AlertChips, AllergyChips } from "../guest_chips/guest_chips";
import { shortDate } from "../utils";
import { showTitle, useContacts } from "./contacts";

const BIRTHDAY_SOON_DAYS = 14;

/** Open the form of something that belongs to the guest in a dialog; the card follows. */
export function useGuestDialog(getRecord) {
    const dialog = useService("dialog");
    return ({ resModel, resId = false, title, context = {}, onSaved }) => {
        const record = getRecord();
        dialog.add(FormViewDialog, {
            resModel,
            resId,
            title,
            context: { default_partner_id: record.resId, ...context },
            onRecordSaved: async () => {
                await record.load();
                await onSaved?.();
            },
        });
    };
}

/**
 * Header, alerts and key facts of a guest. Everything comes with the record itself (JSON field
 * ``guest_card``), so that opening the form costs one request.
 */
export class GuestCardField extends Component {
    static template = "hospitality_crm.GuestCard";
    static components = { AlertChips, AllergyChips };
    static props = { ...standardFieldProps };

    setup() {
        this.action = useService("action");
        this.openDialog = useGuestDialog(() => this.props.record);
        this.contacts = useContacts(() => this.props.record);
        this.shortDate = shortDate;
        this.showTitle = showTitle;
    }

    get card() {
        return this.props.record.data[this.props.name] || null;
    }

    get person() {
        return this.card.person;
    }

    /** How the guest is reached: masked ones are shown in full before they are used. */
    get reach() {
        const { shown } = this.contacts;
        const hidden = this.person.contacts_hidden && !shown;
        const { phone, email } = shown || this.person;
        return [
            { name: "phone", icon: "fa-phone", text: phone, scheme: "tel:", label: _t("Call") },
            { name: "email", icon: "fa-envelope-o", text: email, scheme: "mailto:", label: _t("Write an e-mail") },
        ]
            .filter((way) => way.text)
            .map((way) => ({ ...way, hidden, title: hidden ? showTitle() : way.text }));
    }

    async reachBy(way) {
        const contacts = await this.contacts.show();
        browser.location.assign(way.scheme + contacts[way.name]);
    }

    get initials() {
        const { given_name, family_name, name } = this.person;
        const parts =
            given_name && family_name ? [given_name, family_name] : (name || "?").split(/\s+/);
        const letters = parts.length > 1 ? [parts[0], parts[parts.length - 1]] : parts;
        return letters.map((part) => [...part][0] || "").join("").toUpperCase();
    }

    get facts() {
        const { person } = this;
        const facts = [];
        if (person.tier) {
            facts.push({ icon: "fa-star-o", text: person.tier, title: _t("Tier and membership number") });
        }
        if (person.language) {
            facts.push({ icon: "fa-comments-o", text: person.language, title: _t("Language") });
        }
        if (person.birthday) {
            facts.push({
                icon: "fa-birthday-cake",
                text: this.birthdayText,
                title: _t("Birthday"),
                soon: person.birthday.days <= BIRTHDAY_SOON_DAYS,
            });
        }
        if (person.nationality) {
            facts.push({ icon: "fa-globe", text: person.nationality, title: _t("Nationality") });
        }
        const home = [person.city, person.country !== person.nationality && person.country];
        if (home.some(Boolean)) {
            facts.push({
                icon: "fa-home",
                text: home.filter(Boolean).join(", "),
                title: _t("Lives in"),
            });
        }
        if (person.parent) {
            facts.push({ icon: "fa-building-o", text: person.parent, title: _t("Company") });
        }
        return facts;
    }

    get birthdayText() {
        const { birthday, birthdate } = this.person;
        const date = deserializeDate(birthdate).toLocaleString({ day: "numeric", month: "long" });
        if (birthday.days === 0) {
            return _t("Birthday today, %s years", birthday.age);
        }
        if (birthday.days <= BIRTHDAY_SOON_DAYS) {
            return _t("%(date)s, in %(days)s days, %(age)s years now", {
                date,
                days: birthday.days,
                age: birthday.age,
            });
        }
        return _t("%(date)s, %(age)s years", { date, age: birthday.age });
    }

    get visits() {
        const { metrics } = this.card;
        if (!metrics) {
            return [];
        }
        return [
            { label: _t("Stays"), value: metrics.stays },
            { label: _t("Nights"), value: metrics.nights },
            { label: _t("Checks"), value: metrics.checks },
            { label: _t("Cancelled"), value: metrics.cancelled, hidden: !metrics.cancelled },
            { label: _t("No-shows"), value: metrics.no_shows, hidden: !metrics.no_shows, bad: true },
        ].filter((item) => !item.hidden);
    }

    get habits() {
        const { metrics } = this.card;
        if (!metrics) {
            return [];
        }
        return [metrics.room_type, metrics.outlet, metrics.dish, metrics.channel].filter(Boolean);
    }

    attitude(preference) {
        return preference.avoids ? _t("Avoids") : _t("Likes");
    }

    money(amount, currencyId) {
        return formatCurrency(amount, currencyId);
    }

    openContactForm() {
        this.action.doActionButton({
            type: "object",
            name: "action_open_contact",
            resModel: "res.partner",
            resId: this.props.record.resId,
        });
    }

    /** The values themselves are edited in a form of their own: the card loads without it. */
    edit() {
        this.openDialog({
            resModel: "res.partner",
            resId: this.props.record.resId,
            title: this.person.name,
            context: {
                form_view_ref: "hospitality_crm.hospitality_guest_details_view_form",
                ...(this.contacts.shown ? { hospitality_reveal: true } : {}),
            },
            onSaved: () => this.contacts.refresh(),
        });
    }

    openStay(stay) {
        this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "hospitality.stay",
            res_id: stay.id,
            views: [[false, "form"]],
        });
    }

    openAlert(alert) {
        this.openDialog({
            resModel: "hospitality.alert",
            resId: alert?.id,
            title: alert ? alert.label : _t("New Alert"),
        });
    }

    addPreference() {
        this.openDialog({ resModel: "hospitality.preference", title: _t("New Preference") });
    }

    addAllergy() {
        this.openDialog({ resModel: "hospitality.allergy", title: _t("New Allergy or Diet") });
    }

    specialDate(special) {
        return luxon.DateTime.local(2000, special.month, special.day).toLocaleString({
            day: "numeric",
            month: "long",
        });
    }
}

export const guestCardField = {
    component: GuestCardField,
    displayName: _t("Guest Card"),
    supportedTypes: ["json"],
    // Nothing to show before the guest exists; the field itself is never edited.
    isEmpty: (record, name) => !record.data[name],
};

registry.category("fields").add("hospitality_guest_card", guestCardField);
