import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { apiUrl } from "../api/client";
import { keys } from "../api/keys";

/** What each event of the server makes stale. */
const STALE: Record<string, readonly (readonly string[])[]> = {
  tally: [keys.situation, keys.timeline, keys.totals],
  signal: [keys.signals, keys.situation, keys.chronicle],
  record: [keys.records, keys.registers, keys.chronicle],
  level: [keys.levels, keys.chronicle],
  import: [keys.imports, keys.records, keys.registers],
  publication: [keys.publications, keys.comments, keys.chronicle],
  article: [keys.articles],
};

/** An import writes many tallies; the screen follows once per this time, not once per event. */
const GATHER_MS = 400;

/**
 * Keeps the screen current: events only say what changed, the pages fetch it again with the rights of the reader.
 * Returns whether the connection stands.
 */
export function useLiveUpdates(): boolean {
  const client = useQueryClient();
  const [live, setLive] = useState(false);
  useEffect(() => connect(client, setLive), [client]);
  return live;
}

function connect(client: QueryClient, setLive: (live: boolean) => void): () => void {
  const source = new EventSource(apiUrl("/events"));
  const stale = new Set<readonly string[]>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let opened = false;

  const refetch = (list: Iterable<readonly string[]>) => {
    for (const key of list) stale.add(key);
    timer ??= setTimeout(() => {
      timer = undefined;
      for (const key of stale) void client.invalidateQueries({ queryKey: key });
      stale.clear();
    }, GATHER_MS);
  };
  source.onopen = () => {
    setLive(true);
    // Whatever happened while the connection was down was missed.
    if (opened) refetch(Object.values(STALE).flat());
    opened = true;
  };
  source.onerror = () => setLive(false);
  // The server could not keep everything for this connection.
  source.addEventListener("resync", () => refetch(Object.values(STALE).flat()));
  for (const [type, list] of Object.entries(STALE)) source.addEventListener(type, () => refetch(list));
  return () => {
    clearTimeout(timer);
    source.close();
  };
}
