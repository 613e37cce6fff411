import { registry } from "@web/core/registry";
import { inputFiles } from "@web/../tests/utils";
import { rpc } from "@web/core/network/rpc";

const tours = registry.category("web_tour.tours");
const STAYS = `Res;Hotel;Guest;Mail;From;To;State;Total
R1;F-CITY;Ann Lee;ann@sunmail.co;01.02.2025;03.02.2025;Checked out;200,00
R2;F-CITY;Bob Ray;bob@sunmail.co;02.02.2025;25.02.2025;Blue;330,50
`;

function call(model, method, args) {
    return rpc("/web/dataset/call_kw", { model, method, args, kwargs: {} });
}

tours.add("hospitality_import_file", {
    steps: () => [
        { content: "The empty screen says what to do", trigger: ".o_view_nocontent:contains('Import your first file')" },
        { trigger: ".o_list_button_add, .o-kanban-button-new", run: "click" },
        { trigger: ".o_form_view p:contains('Choose a file with guests')" },
        {
            content: "Choose a file",
            trigger: ".o_field_widget[name=file]",
            run: async () => {
                const file = new File([STAYS], "stays.csv", { type: "text/csv" });
                await inputFiles(".o_field_widget[name=file] .o_input_file", [file]);
            },
        },
        { trigger: ".o_field_widget[name=file] .o_clear_file_button, .o_field_widget[name=file] .fa-trash" },
        { trigger: "button[name=action_read]", run: "click" },
        {
            content: "The columns are recognised",
            trigger: ".o_import_lines .o_data_row:contains('Res'):contains('Stay: Key')",
        },
        { trigger: ".o_import_lines .o_data_row:contains('Mail'):contains('Guest: E-mail')" },
        { trigger: "button[name=action_check]:contains('Check')", run: "click" },
        { content: "The dry run names the word nobody knows", trigger: ".o_import_report .alert-warning:contains('Blue')" },
        { trigger: ".o_import_report td:contains('what the status')" },
        { trigger: "button[name=action_import].oe_highlight, button[name=action_import].btn-primary", run: "click" },
        { content: "What landed is compared", trigger: ".o_import_report .alert-info:contains('equals the file')" },
        { trigger: "button[name=action_open_quarantine]:contains('1')", run: "click" },
        { content: "The row has its number and reason", trigger: ".o_data_row:contains('3'):contains('Blue')" },
    ],
});

tours.add("hospitality_import_progress", {
    steps: () => [
        { trigger: "button[name=action_import]:contains('Import without Check')", run: "click" },
        {
            content: "It waits for the background, and the progress bar shows it",
            trigger: ".o_import_progress_label:contains('Waiting to start')",
        },
        { content: "Nobody changes the columns meanwhile", trigger: "button[name=action_stop]" },
        {
            trigger: ".o_import_progress_label",
            run: async () => {
                const [id] = await call("ir.cron", "search", [[["name", "=", "Hospitality: import files"]]]);
                await call("ir.cron", "method_direct_trigger", [[id]]);
            },
        },
        {
            content: "The form shows the result without anybody reloading it",
            trigger: ".o_statusbar_status button[aria-checked=true]:contains('Verified')",
            timeout: 20000,
        },
        { trigger: ".o_import_report .alert-success:contains('What landed equals the file')" },
    ],
});
