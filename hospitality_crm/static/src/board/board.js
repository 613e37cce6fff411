import {
    Component,
    onMounted,
    onWillStart,
    onWillUnmount,
    useExternalListener,
    useRef,
    useState,
} from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { deserializeDate, serializeDate } from "@web/core/l10n/dates";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { useDebounced } from "@web/core/utils/timing";
import { useSetupAction } from "@web/search/action_hook";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { plain } from "../utils";
import { AlertsDialog } from "./alerts_dialog";
import { BoardCard } from "./board_card";

const POLL_MS = 60000;
// Changes come in bursts (an import, a group check-in): one reload for all of them.
const NOTICE_DELAY_MS = 800;
const PROPERTY_KEY = "hospitality_board_property";

/**
 * The day of one property: arrivals, guests in house, departures and tables.
 *
 * One call brings the whole day. It is repeated when the server says that a visit near today has
 * changed, and every minute while the page is visible in case that notice got lost.
 */
export class HospitalityBoard extends Component {
    static template = "hospitality_crm.Board";
    static components = { BoardCard };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.dialog = useService("dialog");
        this.notification = useService("notification");
        this.busService = useService("bus_service");
        this.searchRef = useRef("search");
        const saved = this.props.state || {};
        this.state = useState({
            data: null,
            propertyId: saved.propertyId || this.storedPropertyId,
            date: saved.date || false,
            tab: saved.tab || null,
            search: saved.search || "",
            loading: false,
            busy: null,
            stale: false,
        });
        this.reloadSoon = useDebounced(() => this.load(), NOTICE_DELAY_MS);
        useSetupAction({
            getLocalState: () => ({
                propertyId: this.state.propertyId,
                date: this.state.date,
                tab: this.state.tab,
                search: this.state.search,
            }),
        });
        this.onNotice = ({ property_id }) => {
            if (property_id === this.state.data?.property_id) {
                this.reloadSoon();
            }
        };
        onWillStart(() => this.load());
        onMounted(() => {
            this.busService.subscribe("hospitality.board/changed", this.onNotice);
            this.busService.start();
            this.poll = browser.setInterval(() => {
                if (document.visibilityState === "visible") {
                    this.load();
                }
            }, POLL_MS);
        });
        onWillUnmount(() => {
            this.busService.unsubscribe("hospitality.board/changed", this.onNotice);
            browser.clearInterval(this.poll);
        });
        useExternalListener(window, "keydown", this.onWindowKeydown);
    }

    get storedPropertyId() {
        return Number(browser.localStorage.getItem(PROPERTY_KEY)) || false;
    }

    /** Load the board; an answer that was overtaken by a newer question is dropped. */
    async load() {
        const ticket = (this.ticket = Symbol("load"));
        this.state.loading = true;
        try {
            const data = await this.orm
                .silent.call("hospitality.board", "get_board", [], {
                    property_id: this.state.propertyId,
                    date: this.state.date,
                });
            if (ticket !== this.ticket) {
                return;
            }
            this.state.data = data;
            this.state.stale = false;
            this.state.propertyId = data.property_id || false;
            if (!this.lists.some((list) => list.name === this.state.tab)) {
                this.state.tab = this.lists[0]?.name || null;
            }
        } catch (error) {
            if (!this.state.data) {
                throw error;
            }
            // A lost connection must not take the board off the screen: say that it is old.
            this.state.stale = true;
        } finally {
            if (ticket === this.ticket) {
                this.state.loading = false;
            }
        }
    }

    get place() {
        const { data } = this.state;
        return data?.properties.find((place) => place.id === data.property_id);
    }

    /** The lists shown, in the order of a receptionist's day. */
    get lists() {
        const { data } = this.state;
        if (!data?.property_id) {
            return [];
        }
        const all = [
            { name: "arrivals", title: _t("Arrivals"), icon: "fa-sign-in" },
            { name: "in_house", title: _t("In House"), icon: "fa-bed" },
            { name: "departures", title: _t("Departures"), icon: "fa-sign-out" },
            { name: "tables", title: _t("Tables"), icon: "fa-cutlery" },
        ];
        const restaurant = this.place.kind === "restaurant";
        return all
            .filter(({ name }) => data[name].length || (name === "tables") === restaurant)
            .map((list) => {
                const open = data[list.name].filter((row) => !row.done).length;
                return { ...list, open, total: data[list.name].length, rows: this.getRows(list.name) };
            });
    }

    get isEmpty() {
        const { data } = this.state;
        return ["arrivals", "in_house", "departures", "tables"].every((name) => !data[name].length);
    }

    getRows(name) {
        const words = plain(this.state.search).split(/\s+/).filter(Boolean);
        const rows = this.state.data[name];
        if (!words.length) {
            return rows;
        }
        return rows.filter((row) => {
            const guest = this.guestOf(row);
            const text = plain(
                [
                    guest?.name,
                    guest?.local_name,
                    row.room,
                    row.table,
                    row.confirmation,
                    row.outlet,
                    ...(row.people || []).map((person) => person.name),
                    ...(guest?.alerts || []).map((alert) => alert.label),
                ].join(" ")
            );
            return words.every((word) => text.includes(word));
        });
    }

    guestOf(row) {
        return this.state.data.guests[row.partner_id];
    }

    get day() {
        return deserializeDate(this.state.data.date);
    }

    get dayTitle() {
        const { date, today } = this.state.data;
        const title = this.day.toLocaleString({ weekday: "long", day: "numeric", month: "long" });
        return date === today ? _t("Today, %s", title) : title;
    }

    get isToday() {
        return this.state.data.date === this.state.data.today;
    }

    actionsOf(list, row) {
        if (!this.state.data.can_act || row.done || !this.isToday) {
            return [];
        }
        if (list === "arrivals") {
            return [
                { name: "check_in", title: _t("Check in"), main: true },
                { name: "stay_no_show", title: _t("No-show") },
            ];
        }
        if (list === "departures") {
            return row.status === "in_house"
                ? [{ name: "check_out", title: _t("Check out"), main: true }]
                : [];
        }
        if (list === "tables") {
            return [
                { name: "seat", title: _t("Seat"), main: true },
                { name: "no_show", title: _t("No-show") },
            ];
        }
        return [];
    }

    //--------------------------------------------------------------------------
    // Handlers
    //--------------------------------------------------------------------------

    onPropertyChange(ev) {
        this.state.propertyId = Number(ev.target.value);
        this.state.tab = null;
        this.state.date = false;
        browser.localStorage.setItem(PROPERTY_KEY, this.state.propertyId);
        this.load();
    }

    onDateChange(ev) {
        this.state.date = ev.target.value || false;
        this.load();
    }

    shiftDay(days) {
        if (this.state.data?.date) {
            this.state.date = serializeDate(this.day.plus({ days }));
            this.load();
        }
    }

    goToToday() {
        this.state.date = false;
        this.load();
    }

    /** "/" goes to the search box, as on many pages, unless something is being typed. */
    onWindowKeydown(ev) {
        const typing = ev.target.closest?.("input, textarea, select, [contenteditable=true]");
        if (ev.key === "/" && !typing && this.searchRef.el) {
            ev.preventDefault();
            this.searchRef.el.focus();
        }
    }

    onSearchKeydown(ev) {
        if (ev.key === "Escape") {
            this.state.search = "";
        }
    }

    /** Arrow keys walk through the cards of a list and across the lists. */
    onCardsKeydown(ev) {
        const card = ev.target.closest(".o_hosp_card");
        if (!card || ev.altKey || ev.ctrlKey || ev.metaKey) {
            return;
        }
        const lists = [...ev.currentTarget.querySelectorAll(".o_hosp_list")];
        const list = lists.findIndex((el) => el.contains(card));
        const cards = [...lists[list].querySelectorAll(".o_hosp_card")];
        const index = cards.indexOf(card);
        const targets = {
            ArrowDown: () => cards[index + 1],
            ArrowUp: () => cards[index - 1],
            ArrowRight: () => lists[list + 1]?.querySelector(".o_hosp_card"),
            ArrowLeft: () => lists[list - 1]?.querySelector(".o_hosp_card"),
        };
        const target = targets[ev.key]?.();
        if (target) {
            ev.preventDefault();
            target.focus();
        } else if (ev.key === "Enter" && ev.target === card) {
            card.querySelector(".o_hosp_card_name")?.click();
        }
    }

    openGuest(row) {
        if (this.guestOf(row)) {
            return this.action.doActionButton({
                type: "object",
                name: "action_open_guest_card",
                resModel: "res.partner",
                resId: row.partner_id,
            });
        }
        this.openVisit(row, "outlet" in row ? "tables" : "arrivals");
    }

    openVisit(row, list) {
        this.action.doAction({
            type: "ir.actions.act_window",
            res_model: list === "tables" ? "hospitality.reservation" : "hospitality.stay",
            res_id: row.id,
            views: [[false, "form"]],
        });
    }

    openNew(list) {
        const table = list === "tables";
        this.action.doAction({
            type: "ir.actions.act_window",
            res_model: table ? "hospitality.reservation" : "hospitality.stay",
            views: [[false, "form"]],
            context: table
                ? {
                      default_property_id: this.state.data.property_id,
                      default_business_date: this.state.data.date,
                  }
                : {
                      default_property_id: this.state.data.property_id,
                      default_arrival: this.state.data.date,
                  },
        });
    }

    openProperties() {
        this.action.doAction("hospitality_crm.hospitality_property_action");
    }

    async act(name, row, acknowledged = false) {
        this.state.busy = row.id;
        try {
            const answer = await this.orm.call("hospitality.board", "act", [name, row.id], {
                acknowledged,
            });
            if (answer.done) {
                await this.load();
                return;
            }
            this.dialog.add(AlertsDialog, {
                alerts: answer.alerts,
                blocked: answer.alerts.some((alert) => alert.blocks),
                onConfirm: () => this.act(name, row, true),
            });
        } finally {
            this.state.busy = null;
        }
    }
}

registry.category("actions").add("hospitality_board", HospitalityBoard);
