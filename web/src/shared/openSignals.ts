import { queryOptions } from "@tanstack/react-query";
import { request } from "../api/client";
import { keys } from "../api/keys";
import type { Page, Signal } from "../api/types";

/** Open signals for the badge of the navigation; one page of them is enough to say how many wait. */
export const openSignalsQuery = queryOptions({
  queryKey: [...keys.signals, "waiting"],
  queryFn: ({ signal }) =>
    request<Page<Signal>>("GET", "/signals", { query: { status: "open", limit: 99 }, signal }),
});
