import { rpc } from "@web/core/network/rpc";
import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");
const CASE = ".o_hosp_match_guests";

/** Steps for one case: see who it is, decide, see that the next one stands there. */
function decide(name, decision) {
    return [
        { content: `${name} stands on the screen`, trigger: `${CASE}:contains("${name}")` },
        { trigger: `.o_hosp_match_actions button[data-decision=${decision}]:not(:disabled)`, run: "click" },
        { trigger: `.o_hosp_match:not(:has(${CASE}:contains("${name}")))` },
    ];
}

function fits(what) {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth > clientWidth) {
        throw new Error(`${what} is ${scrollWidth} px wide on a screen of ${clientWidth} px`);
    }
}

tours.add("hospitality_duplicates_phone", {
    steps: () => [
        {
            content: "Ten cases wait, the surest first",
            trigger: ".o_hosp_match_progress:contains('0 done today, 10 to go')",
        },
        {
            content: "Nothing is wider than the screen",
            trigger: `${CASE}:contains("Person0 Tour")`,
            run: () => fits("The review screen"),
        },
        {
            content: "Decisions are large enough for a thumb",
            trigger: ".o_hosp_match_actions button[data-decision=merge]",
            run() {
                const { height, width } = this.anchor.getBoundingClientRect();
                if (height < 48 || width < 48) {
                    throw new Error(`The button is only ${width} × ${height} px`);
                }
            },
        },
        {
            content: "Every button says what it does to who can't see it",
            trigger: ".o_hosp_match",
            run() {
                const silent = [...this.anchor.querySelectorAll("button")].filter(
                    (button) => !(button.getAttribute("aria-label") || button.textContent).trim()
                );
                if (silent.length) {
                    throw new Error(`Without a label: ${silent[0].outerHTML}`);
                }
            },
        },
        {
            content: "The evidence is told in words",
            trigger: ".o_hosp_match_evidence [data-subject=contact]:contains('The same phone number')",
        },
        {
            content: "What only one of them has is marked",
            trigger: `${CASE} [data-row=birthdate][data-status=some]`,
        },
        ...decide("Person0 Tour", "merge"),
        {
            content: "A mistake is taken back at once",
            trigger: ".o_notification:contains('Person0 Tour') button:contains('Undo')",
            run: "click",
        },
        { trigger: ".o_hosp_match_progress:contains('0 done today, 10 to go')" },
        {
            trigger: `${CASE} [data-row=nationality][data-status=differ] .o_hosp_compare_cell:nth-child(3) button`,
            run: "click",
        },
        { trigger: `${CASE} [data-row=nationality] .o_hosp_compare_chosen` },
        {
            content: "Who stays is chosen by a touch",
            trigger: `${CASE} .o_hosp_compare_guest:nth-child(2) .o_hosp_compare_winner[aria-pressed=true]`,
        },
        { trigger: `${CASE} .o_hosp_compare_guest:nth-child(3) .o_hosp_compare_winner`, run: "click" },
        { trigger: `${CASE} .o_hosp_compare_guest:nth-child(3) .o_hosp_compare_winner[aria-pressed=true]` },
        ...decide("Person0 Tour", "merge"),
        ...decide("Person1 Tour", "merge"),
        ...decide("Person2 Tour", "merge"),
        ...decide("Person3 Tour", "different"),
        ...decide("Person4 Tour", "merge"),
        ...decide("Person5 Tour", "household"),
        ...decide("Person6 Tour", "merge"),
        ...decide("Person7 Tour", "different"),
        ...decide("Person8 Tour", "merge"),
        ...decide("Person9 Tour", "merge"),
        {
            content: "All are done, and the empty screen says so",
            trigger: ".o_hosp_match:contains('No duplicates to decide')",
        },
        { trigger: ".o_hosp_match_progress:contains('10 done today, 0 to go')" },
    ],
});

/** Let the numbers of the review arrive late, as on a slow line: decisions are made meanwhile. */
function delayStatus() {
    const ask = rpc._rpc;
    const { dataset } = document.body;
    dataset.statusAsked = 0;
    rpc._rpc = (url, ...args) => {
        const answer = ask(url, ...args);
        if (!url.endsWith("/get_status")) {
            return answer;
        }
        dataset.statusAsked++;
        return answer
            .then((status) => new Promise((resolve) => setTimeout(resolve, 700, status)))
            .finally(() => setTimeout(() => dataset.statusAsked--));
    };
}

tours.add("hospitality_duplicates_keyboard", {
    steps: () => [
        { trigger: `${CASE}:contains("Person0 Tour")`, run: delayStatus },
        { trigger: `${CASE}:contains("Person0 Tour")`, run: "press ?" },
        { trigger: ".modal .o_hosp_keys:contains('Household')" },
        { trigger: ".modal .modal-footer button:contains('Close')", run: "click" },
        { trigger: "body:not(:has(.modal))" },
        { trigger: `${CASE}:contains("Person0 Tour")`, run: "press ArrowDown" },
        { trigger: `${CASE} [data-row=nationality].o_hosp_compare_cursor`, run: "press 2" },
        { trigger: `${CASE} [data-row=nationality] .o_hosp_compare_chosen`, run: "press w" },
        {
            content: "A key chooses who stays",
            trigger: `${CASE} .o_hosp_compare_guest:nth-child(3) .o_hosp_compare_stays`,
            run: "press m",
        },
        { trigger: `${CASE}:contains("Person1 Tour")`, run: "press n" },
        { trigger: `${CASE}:contains("Person2 Tour")`, run: "press h" },
        { trigger: `${CASE}:contains("Person3 Tour")`, run: "press s" },
        { trigger: `${CASE}:contains("Person4 Tour")`, run: "press z" },
        { content: "The skipped one is back", trigger: `${CASE}:contains("Person3 Tour")`, run: "press m" },
        { trigger: `${CASE}:contains("Person4 Tour")` },
        { content: "All numbers have arrived", trigger: "body[data-status-asked='0']" },
        { trigger: ".o_hosp_match_progress:contains('4 done today')" },
        {
            content: "What a manager decides at once is shown before",
            trigger: ".o_hosp_match_tools button[aria-label='Merge many at once']",
            run: "click",
        },
        { trigger: ".modal .form-select", run: "select ask" },
        { trigger: ".modal .o_hosp_bulk_sample li:contains('Person9 Tour')" },
        { trigger: ".modal .o_hosp_bulk_start:contains('Merge 6 pairs')" },
        { trigger: ".modal .modal-footer button:contains('Cancel')", run: "click" },
        { trigger: "body:not(:has(.modal))" },
    ],
});

tours.add("hospitality_merge_and_back", {
    steps: () => [
        {
            content: "Guests are selected in the list",
            trigger: ".o_data_row:contains('Person0 Tour') .o_list_record_selector input",
            run: "click",
        },
        { trigger: ".o_data_row:contains('Person0 Tour'):not(:has(input:checked)) .o_list_record_selector input", run: "click" },
        { trigger: ".o_control_panel .o_cp_action_menus .dropdown-toggle", run: "click" },
        { trigger: ".o-dropdown--menu .o-dropdown-item:contains('Merge guests')", run: "click" },
        { trigger: ".modal .o_hosp_compare [data-row=phones][data-status=same]" },
        { trigger: ".modal .o_hosp_merge_confirm", run: "click" },
        { trigger: "body:not(:has(.modal))" },
        {
            content: "The list shows one of the two",
            trigger: ".o_list_view:not(:has(.o_data_row:contains('Person0 Tour') ~ .o_data_row:contains('Person0 Tour')))",
        },
        { trigger: ".o_data_row:contains('Person0 Tour') td[name=name]", run: "click" },
        { trigger: ".o_notebook a[name=merges]", run: "click" },
        { trigger: ".o_hosp_tab_content [data-section=merges] .o_hosp_undo_merge", run: "click" },
        { trigger: ".modal .o_hosp_undo:contains('Source Profile')" },
        { trigger: ".modal .o_hosp_undo_confirm", run: "click" },
        { trigger: "body:not(:has(.modal))" },
        { trigger: ".o_hosp_tab_content [data-section=merges] .badge:contains('Un-merged')" },
    ],
});

tours.add("hospitality_matching_rules", {
    steps: () => [
        { trigger: ".o_hosp_bench_bands [data-band=ask] .o_hosp_number:contains('10')" },
        { trigger: ".o_hosp_bench input[name=auto]", run: "edit 7 && press Enter" },
        { trigger: ".o_hosp_bench_bands [data-band=merge] .o_hosp_number:contains('10')" },
        { trigger: ".o_hosp_bench_flips li:contains('Person0 Tour'):contains('Merged by itself')" },
        { trigger: ".o_hosp_bench_save", run: "click" },
        { trigger: ".o_notification:contains('10 open pairs have moved')" },
        { trigger: ".o_hosp_bench:has(.o_hosp_bench_save:disabled)" },
    ],
});

tours.add("hospitality_data_quality", {
    steps: () => [
        { trigger: ".o_hosp_quality button:contains('Count now')", run: "click" },
        { trigger: ".o_hosp_quality_tile[data-measure=completeness] .o_hosp_quality_value:contains('%')" },
        { trigger: ".o_hosp_quality_tabs [data-group=user]", run: "click" },
        { trigger: ".o_hosp_quality_tabs [data-group=user][aria-selected=true]" },
        { trigger: ".o_hosp_quality .o_hosp_bar button:contains('Pivot')", run: "click" },
        { trigger: ".o_pivot th:contains('Completeness')" },
    ],
});
