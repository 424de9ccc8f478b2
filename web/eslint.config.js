import js from "@eslint/js";
import a11y from "eslint-plugin-jsx-a11y";
import hooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

const features = [
  "session",
  "situation",
  "signals",
  "desk",
  "directives",
  "tasks",
  "supervision",
  "levels",
  "plans",
  "registers",
  "administration",
  "publications",
];

/** Imports go api -> shared -> features -> shell; `paths.ts` is the one part of the shell that everyone may use. */
function layer(files, forbidden) {
  return {
    files,
    rules: { "no-restricted-imports": ["error", { patterns: forbidden }] },
  };
}
const noFeatures = {
  regex: "/features/",
  message: "This layer lies below the features.",
};
const noShell = {
  regex: "console/(?!paths$|features/)",
  message: "Only the shell imports the shell.",
};

export default tseslint.config(
  { ignores: ["dist", "dev", "src/api/schema.d.ts"] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  a11y.flatConfigs.recommended,
  {
    plugins: { "react-hooks": hooks },
    rules: {
      ...hooks.configs.recommended.rules,
      "@typescript-eslint/no-explicit-any": "error",
      "no-console": "error",
      eqeqeq: ["error", "always", { null: "ignore" }],
      // Numbers and dates become text only in shared/format.
      "no-restricted-syntax": [
        "error",
        {
          selector: "CallExpression[callee.property.name=/^toLocale(String|DateString|TimeString)$/]",
          message: "Numbers and dates are formatted in shared/format only.",
        },
        {
          selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']",
          message: "Text from the server is text.",
        },
      ],
    },
  },
  { files: ["src/shared/format/**"], rules: { "no-restricted-syntax": "off" } },
  layer(["src/api/**"], [{ regex: "/(shared|console)/", message: "api knows nothing above it." }]),
  layer(["src/shared/**"], [noFeatures, noShell]),
  ...features.map((name) =>
    layer(
      [`src/console/features/${name}/**`],
      [
        {
          regex: `\\.\\./(${features.filter((other) => other !== name).join("|")})/`,
          message: "Features never import each other.",
        },
        {
          regex: "^\\.\\./\\.\\./(?!paths$|\\.\\./)",
          message: "Only the shell imports the shell (paths.ts excepted).",
        },
      ],
    ),
  ),
);
