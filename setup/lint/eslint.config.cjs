// OCA's rules for Odoo's browser code, for eslint 9.
const jsdoc = require("eslint-plugin-jsdoc");

const globals = Object.fromEntries(
    ["_", "$", "fuzzy", "jQuery", "moment", "odoo", "openerp", "owl", "luxon", "QUnit"].map((name) => [name, "readonly"]),
);
for (const name of ["window", "document", "console", "navigator", "setTimeout", "clearTimeout", "fetch", "URL"]) {
    globals[name] = "readonly";
}

module.exports = [
    {
        files: ["**/*.js"],
        ignores: ["**/static/lib/**", "**/static/src/lib/**"],
        languageOptions: {ecmaVersion: 2024, sourceType: "module", globals},
        plugins: {jsdoc},
        rules: {
            "array-callback-return": "warn",
            "callback-return": "warn",
            "capitalized-comments": ["warn", "always", {ignoreConsecutiveComments: true, ignoreInlineComments: true}],
            complexity: ["warn", 15],
            "constructor-super": "warn",
            "dot-notation": "warn",
            eqeqeq: "warn",
            "no-alert": "warn",
            "no-async-promise-executor": "warn",
            "no-caller": "warn",
            "no-const-assign": "warn",
            "no-debugger": "warn",
            "no-dupe-args": "warn",
            "no-dupe-keys": "warn",
            "no-empty-function": "warn",
            "no-eval": "error",
            "no-implied-eval": "error",
            "no-new-func": "error",
            "no-undef": "error",
            "no-unreachable": "warn",
            "no-unsafe-finally": "warn",
            "no-unused-vars": "warn",
            "no-use-before-define": "warn",
            "no-var": "warn",
            "no-with": "error",
            "prefer-const": "warn",
            "prefer-template": "warn",
            radix: "warn",
            "use-isnan": "warn",
            "valid-typeof": "warn",
            "jsdoc/check-param-names": "warn",
            "jsdoc/require-param-type": "warn",
        },
    },
];
