import type { UseInfiniteQueryResult } from "@tanstack/react-query";
import { Button } from "antd";
import { useI18n } from "../i18n/i18n";

type Props = {
  list: Pick<UseInfiniteQueryResult, "hasNextPage" | "isFetchingNextPage" | "fetchNextPage">;
  size?: "small" | "middle";
};

/** Fetches the next page of a list; nothing where there is none. */
export function MoreButton({ list, size }: Props) {
  const { t } = useI18n();
  if (!list.hasNextPage) return null;
  return (
    <Button size={size} loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
      {t("common.load_more")}
    </Button>
  );
}
