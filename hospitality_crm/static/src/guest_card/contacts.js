import { reactive, toRaw, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";

/** Contact data that were shown in full on an open form, by guest; forgotten when it is closed. */
const opened = new WeakMap();

/**
 * Contact data of the guest of a form: masked until somebody asks for them, which the server writes down once for each
 * opening. The card and its tabs share what was shown.
 */
export function useContacts(getRecord) {
    const orm = useService("orm");
    // Each component has a proxy of its own of the form's model.
    const model = toRaw(getRecord().model);
    if (!opened.has(model)) {
        opened.set(model, reactive({}));
    }
    const shown = useState(opened.get(model));
    const load = async (again) => {
        const { resId } = getRecord();
        shown[resId] = await orm.call("hospitality.guest.card", "reveal_contacts", [resId], { again });
        return shown[resId];
    };
    return {
        get shown() {
            return shown[getRecord().resId] || null;
        },
        show: async () => shown[getRecord().resId] || load(false),
        /** Read them again after a change; what was masked stays so. */
        refresh: async () => shown[getRecord().resId] && load(true),
    };
}

/** Title of a button that shows contact data. */
export const showTitle = () => _t("Show e-mail and phone. That you have seen them is written down.");
