import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");
const CARD = ".o_hosp_list[data-list=arrivals] .o_hosp_card";

tours.add("hospitality_desk", {
    steps: () => [
        {
            content: "The VIP's card shows name in local script, room and alert",
            trigger: `${CARD}:contains("Олена Шевченко"):contains("101"):contains("Flowers")`,
        },
        {
            content: "Search narrows the board",
            trigger: ".o_hosp_search input",
            run: "edit Шевченко",
        },
        { trigger: `.o_hosp_list[data-list=arrivals]:not(:has(.o_hosp_card:contains("Bad Guest")))` },
        { trigger: ".o_hosp_search input", run: "clear" },
        {
            content: "A guest who is banned can't be checked in",
            trigger: `${CARD}:contains("Bad Guest") button[data-action=check_in]`,
            run: "click",
        },
        { trigger: ".modal .alert-danger:contains('Damage')" },
        { trigger: ".modal .modal-footer .btn-primary:contains('Close')", run: "click" },
        { trigger: "body:not(:has(.modal))" },
        {
            content: "A warning asks first",
            trigger: `${CARD}:contains("Олена Шевченко") button[data-action=check_in]`,
            run: "click",
        },
        { trigger: ".modal .alert-warning:contains('Flowers')" },
        { trigger: ".modal .o_hosp_confirm", run: "click" },
        {
            content: "She is in house now",
            trigger: ".o_hosp_list[data-list=in_house] .o_hosp_card:contains('Олена Шевченко')",
        },
        {
            content: "Her card opens by her name",
            trigger:
                ".o_hosp_list[data-list=in_house] .o_hosp_card:contains('Олена Шевченко') .o_hosp_card_name",
            run: "click",
        },
        { trigger: ".o_hosp_guest_card .o_hosp_alerts:contains('Flowers')" },
        { trigger: ".o_hosp_guest_card .o_hosp_chip:contains('Allergies unknown')" },
        { trigger: ".o_hosp_timeline .o_hosp_row[data-kind=stay]:contains('Room 101')" },
        {
            content: "Her phone is masked until somebody asks for it",
            trigger: ".o_hosp_reach .o_hosp_masked[data-way=phone]:contains('+380•••••••67')",
        },
        { trigger: ".o_notebook a[name=contacts]", run: "click" },
        { trigger: ".o_hosp_tab_content [data-section=points] .o_hosp_row:contains('+380•••••••67')" },
        { trigger: ".o_hosp_reach .o_hosp_show_contacts", run: "click" },
        { trigger: ".o_hosp_reach a[data-way=phone][href='tel:+380441234567']" },
        { trigger: ".o_hosp_tab_content [data-section=points] .o_hosp_row:contains('+380441234567')" },
        { trigger: "body:not(:has(.o_hosp_show_contacts))" },
        { trigger: ".o_notebook a[name=wishes]", run: "click" },
        { trigger: ".o_hosp_tab_content [data-section=preferences]:contains('Buckwheat pillow')" },
        { trigger: ".o_notebook a[name=contacts]", run: "click" },
        { trigger: ".o_hosp_tab_content [data-section=profiles] .o_hosp_row:contains('Odoo')" },
        { trigger: ".o_notebook a[name=stays]", run: "click" },
        { trigger: ".o_hosp_tab_content [data-section=stays] .o_hosp_row:contains('Tour House')" },
        {
            content: "An allergy is added where it is missing",
            trigger: ".o_hosp_tile button[aria-label='Add an allergy']",
            run: "click",
        },
        { trigger: ".modal .o_field_widget[name=detail] input", run: "edit Sesame oil" },
        { trigger: ".modal .o_form_button_save", run: "click" },
        { trigger: ".o_hosp_guest_card .o_hosp_chip_allergy:contains('Sesame oil')" },
        {
            content: "Her details are edited in a form of their own",
            trigger: ".o_hosp_edit",
            run: "click",
        },
        { trigger: ".modal .o_field_widget[name=guest_salutation] input", run: "edit Dr." },
        { trigger: ".modal .o_form_button_save", run: "click" },
        { trigger: ".o_hosp_guest_card .o_hosp_salutation:contains('Dr.')" },
        {
            content: "Back on the board",
            trigger: ".breadcrumb a:contains('Arrivals'), .o_back_button:contains('Arrivals')",
            run: "click",
        },
        { trigger: ".o_hosp_board .o_hosp_card:contains('Sesame oil')" },
    ],
});

tours.add("hospitality_search", {
    steps: () => [
        { trigger: ".o_searchview_input", run: "edit Шевченко" },
        {
            content: "A name in any script finds the guest",
            trigger: ".o_searchview_autocomplete .o-dropdown-item:contains('Шевченко')",
            run: "click",
        },
        { trigger: ".o_kanban_record:contains('Olena Shevchenko')", run: "click" },
        { trigger: ".o_hosp_guest_card .o_hosp_name:contains('Olena Shevchenko')" },
        { trigger: ".o_hosp_contact_form", run: "click" },
        { trigger: ".o_form_view button[name=action_open_guest_card]", run: "click" },
        { trigger: ".o_hosp_guest_card .o_hosp_name:contains('Olena Shevchenko')" },
    ],
});

tours.add("hospitality_phone", {
    steps: () => [
        {
            content: "One list at a time",
            trigger: ".o_hosp_tab.active[data-list=arrivals]",
        },
        { trigger: `${CARD}:contains("Олена Шевченко")` },
        {
            content: "Nothing is wider than the screen",
            trigger: ".o_hosp_board",
            run() {
                const { scrollWidth, clientWidth } = document.documentElement;
                if (scrollWidth > clientWidth) {
                    throw new Error(`The board is ${scrollWidth} px wide on a screen of ${clientWidth} px`);
                }
            },
        },
        {
            content: "Buttons are large enough for a thumb",
            trigger: `${CARD} button[data-action=check_in]`,
            run() {
                const { height } = this.anchor.getBoundingClientRect();
                if (height < 40) {
                    throw new Error(`The button is only ${height} px high`);
                }
            },
        },
        { trigger: ".o_hosp_tab[data-list=in_house]", run: "click" },
        { trigger: ".o_hosp_list_active[data-list=in_house]:contains('Nobody stays on')" },
        { trigger: ".o_hosp_tab[data-list=arrivals]", run: "click" },
        { trigger: `${CARD}:contains("Олена Шевченко") .o_hosp_card_name`, run: "click" },
        { trigger: ".o_hosp_guest_card .o_hosp_alerts:contains('Flowers')" },
        { trigger: ".o_hosp_timeline .o_hosp_row[data-kind=stay]" },
        { trigger: ".o_notebook a[name=wishes]", run: "click" },
        { trigger: ".o_hosp_tab_content [data-section=preferences]:contains('Buckwheat pillow')" },
        {
            trigger: ".o_hosp_guest_form",
            run() {
                const { scrollWidth, clientWidth } = document.documentElement;
                if (scrollWidth > clientWidth) {
                    throw new Error(`The card is ${scrollWidth} px wide on a screen of ${clientWidth} px`);
                }
            },
        },
    ],
});
