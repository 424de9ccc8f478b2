import { queryOptions, useQuery } from "@tanstack/react-query";
import { request } from "../../../api/client";
import { keys } from "../../../api/keys";
import type { Article, Channel, Page } from "../../../api/types";

export const channelsQuery = queryOptions({
  queryKey: [...keys.articles, "channels"],
  queryFn: ({ signal }) => request<Page<Channel>>("GET", "/channels", { signal }),
});

export const articleQuery = (id: string) =>
  queryOptions({
    queryKey: [...keys.articles, "one", id],
    queryFn: ({ signal }) => request<Article>("GET", `/articles/${encodeURIComponent(id)}`, { signal }),
    // What somebody types is not overwritten by what somebody else saves meanwhile; saving says so.
    refetchOnWindowFocus: false,
  });

export interface ChannelOption {
  value: string;
  label: string;
}

/** Channels that articles may be put in, each under the names of those above it. */
export function useChannelOptions(name: (label: { en: string; zh: string }) => string): ChannelOption[] {
  const items = useQuery(channelsQuery).data?.items ?? [];
  const byId = new Map(items.map((channel) => [channel.id, channel]));
  const path = (channel: Channel): string => {
    const parent = channel.parent ? byId.get(channel.parent) : undefined;
    return parent ? `${path(parent)} / ${name(channel.title)}` : name(channel.title);
  };
  return items
    .filter((channel) => !channel.closed)
    .map((channel) => ({ value: channel.id, label: path(channel) }));
}
