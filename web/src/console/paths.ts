/** Every address of the console, relative to its base `/console`. */

export type Search = Record<string, string | null | undefined>;

function search(values: Search): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value) params.set(name, value);
  const text = params.toString();
  return text ? `?${text}` : "";
}

export const paths = {
  home: "/",
  signIn: (from?: string) => `/sign-in${search({ from })}`,
  setup: "/setup",
  account: "/account",
  situation: (values: { region?: string; disease?: string; measure?: string; as_of?: string } = {}) =>
    `/situation${search(values)}`,
  signals: (values: Search = {}) => `/signals${search(values)}`,
  signal: (id: string, values = "") => `/signals/${id}${values}`,
  tasks: (values: Search = {}) => `/tasks${search(values)}`,
  task: (id: string, values = "") => `/tasks/${id}${values}`,
  desk: (values: Search = {}) => `/desk${search(values)}`,
  directives: (values: Search = {}) => `/directives${search(values)}`,
  directive: (id: string, values = "") => `/directives/${id}${values}`,
  directiveUnit: (id: string, task: string, values = "") => `/directives/${id}/units/${task}${values}`,
  supervision: (values: Search = {}) => `/supervision${search(values)}`,
  finding: (id: string, values = "") => `/supervision/${id}${values}`,
  plans: (values: Search = {}) => `/plans${search(values)}`,
  levels: (values: Search = {}) => `/levels${search(values)}`,
  registers: "/registers",
  register: (id: string) => `/registers/${id}`,
  record: (register: string, id: string) => `/registers/${register}/records/${id}`,
  /** `then`: the page that shows what was made, instead of the record's own. */
  recordNew: (register: string, then?: string) => `/registers/${register}/new${search({ then })}`,
  recordEdit: (register: string, id: string) => `/registers/${register}/records/${id}/edit`,
  persons: "/persons",
  person: (id: string) => `/persons/${id}`,
  registerImport: (register: string) => `/registers/${register}/import`,
  publications: "/publications",
  articles: (values: Search = {}) => `/portal${search(values)}`,
  articleNew: "/portal/articles/new",
  article: (id: string) => `/portal/articles/${id}`,
  channels: "/portal/channels",
  links: (values: Search = {}) => `/portal/links${search(values)}`,
  comments: "/comments",
  administration: "/administration",
  users: "/administration/users",
  roles: "/administration/roles",
  tokens: "/administration/tokens",
  /** The public pages, outside of the console. */
  portal: "/",
} as const;

/** Where each part of the console begins, by the name under which the server opens it to somebody. */
export const sectionPaths: Readonly<Record<string, string>> = {
  situation: paths.situation(),
  signals: paths.signals(),
  desk: paths.desk(),
  directives: paths.directives(),
  tasks: paths.tasks(),
  supervision: paths.supervision(),
  levels: paths.levels(),
  plans: paths.plans(),
  registers: paths.registers,
  publications: paths.publications,
  articles: paths.articles(),
  comments: paths.comments,
  administration: paths.administration,
};
