import { administration } from "./messages/administration";
import { comments } from "./messages/comments";
import { common } from "./messages/common";
import { links } from "./messages/links";
import { portal } from "./messages/portal";
import { persons } from "./messages/persons";
import { registers } from "./messages/registers";
import { response } from "./messages/response";
import { session } from "./messages/session";
import { signals } from "./messages/signals";
import { situation } from "./messages/situation";
import { tasks } from "./messages/tasks";

/** Every text of the console. Both languages stand side by side, so that neither can be forgotten. */
export const messages = {
  ...common,
  ...session,
  ...situation,
  ...signals,
  ...tasks,
  ...response,
  ...registers,
  ...portal,
  ...persons,
  ...links,
  ...administration,
  ...comments,
} as const satisfies Record<string, { en: string; zh: string }>;

export type MessageKey = keyof typeof messages;
