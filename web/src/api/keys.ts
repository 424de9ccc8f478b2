/**
 * First parts of the query keys. Events from the server invalidate by these, so a page that names its queries with
 * them is live without further ado.
 */
export const keys = {
  session: ["session"],
  regions: ["regions"],
  maps: ["maps"],
  diseases: ["diseases"],
  measures: ["measures"],
  situation: ["situation"],
  timeline: ["timeline"],
  signals: ["signals"],
  registers: ["registers"],
  records: ["records"],
  persons: ["persons"],
  imports: ["imports"],
  users: ["users"],
  roles: ["roles"],
  tokens: ["tokens"],
  publications: ["publications"],
  articles: ["articles"],
  comments: ["comments"],
  links: ["links"],
  levels: ["levels"],
  plans: ["plans"],
  chronicle: ["chronicle"],
  totals: ["totals"],
} as const;
