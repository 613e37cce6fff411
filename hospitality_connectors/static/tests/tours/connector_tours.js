import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");
const SETTING = (name) => `.o_connector_settings [data-setting=${name}]`;

tours.add("hospitality_connector_settings", {
    steps: () => [
        { content: "What is missing is said", trigger: ".alert-warning:contains('Hotel, API Key')" },
        { trigger: `${SETTING("hotel")} input[type=text]`, run: "edit H-17 && press Tab" },
        { trigger: `${SETTING("region")} select`, run: "select us" },
        { content: "Nobody has entered the key", trigger: `${SETTING("api_key")} .badge:contains('Not set')` },
        { trigger: `${SETTING("api_key")} input[type=password]`, run: "edit tour-secret-1 && press Tab" },
        { trigger: `${SETTING("api_key")} .badge:contains('Will be set')` },
        { trigger: ".o_form_button_save", run: "click" },
        { content: "It is set, and the input is empty", trigger: `${SETTING("api_key")} .badge:contains('Set')` },
        { trigger: `${SETTING("api_key")} input[type=password]:not([value])` },
        { content: "Nothing is missing any more", trigger: "body:not(:has(.alert-warning:contains('Hotel')))" },
        { content: "It is replaced", trigger: `${SETTING("api_key")} input`, run: "edit tour-secret-2 && press Tab" },
        { trigger: ".o_form_button_save", run: "click" },
        { trigger: `${SETTING("api_key")} :contains('still proves requests')` },
        { content: "The former one leaked", trigger: `${SETTING("api_key")} .o_remove_old`, run: "click" },
        { trigger: ".o_form_button_save", run: "click" },
        { trigger: `${SETTING("api_key")}:not(:has(:contains('still proves requests')))` },
        { trigger: `${SETTING("hook_key")} .badge:contains('Set')` },
        { trigger: `${SETTING("hook_key")} .o_remove_secret`, run: "click" },
        { trigger: `${SETTING("hook_key")} .badge:contains('Will be removed')` },
        { trigger: ".o_form_button_save", run: "click" },
        { trigger: `${SETTING("hook_key")} .badge:contains('Not set')` },
    ],
});

tours.add("hospitality_connector_mapping", {
    steps: () => [
        { trigger: ".o_data_row:contains('DUE IN') .o_data_cell[name=target]", run: "click" },
        { content: "Words, no codes", trigger: ".o_selected_row select:has(option:contains('In House'))" },
        { trigger: ".o_selected_row .o_field_widget[name=target] select", run: "select in_house" },
        { trigger: ".o_list_button_save", run: "click" },
        { trigger: ".o_data_row:contains('DUE IN') .o_data_cell[name=target]:contains('In House')" },
        { trigger: ".o_data_row:contains('DUE IN') button[name=action_confirm]", run: "click" },
        { content: "It is done", trigger: ".o_list_view:not(:has(.o_data_row:contains('DUE IN')))" },
        { content: "Any text may stand for a market", trigger: ".o_data_row:contains('CORP') .o_data_cell[name=target]", run: "click" },
        { trigger: ".o_selected_row .o_field_widget[name=target] input", run: "edit Corporate" },
        { trigger: ".o_list_button_save", run: "click" },
        { trigger: ".o_data_row:contains('CORP') .o_data_cell[name=target]:contains('Corporate')" },
    ],
});

tours.add("hospitality_connector_address", {
    steps: () => [
        { trigger: ".o_notebook a[name=hook]", run: "click" },
        { content: "Numbers of today", trigger: ".o_field_widget[name=hook_today] dt:contains('Stored')" },
        { trigger: "button[name=action_renew_hook]:contains('New Address')", run: "click" },
        { content: "It asks first", trigger: ".modal:contains('another 24 hours') .btn-primary", run: "click" },
        { content: "The address is shown", trigger: ".modal .o_field_widget[name=address]:contains('/hospitality/hook/')" },
        { trigger: ".modal .o_clipboard_button" },
        { trigger: ".modal button:contains('I Have Copied It')", run: "click" },
        { content: "And never again", trigger: "body:not(:has(.modal)):not(:contains('/hospitality/hook/'))" },
        { trigger: ".o_field_widget[name=hook_old_until]" },
        { trigger: "button[name=action_revoke_old_hook]", run: "click" },
        { trigger: ".modal .btn-primary", run: "click" },
        { trigger: "body:not(:has(.modal)):not(:has(button[name=action_revoke_old_hook]:visible))" },
    ],
});
