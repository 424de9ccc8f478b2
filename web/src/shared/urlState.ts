import { useCallback } from "react";
import { useSearchParams } from "react-router";

type Patch = Record<string, string | null | undefined>;

/** View state kept in the address: a link shows what the sender saw, and "back" goes one view back. */
export function useUrlState(): {
  get: (name: string) => string | undefined;
  set: (patch: Patch, options?: { replace?: boolean }) => void;
} {
  const [params, setParams] = useSearchParams();
  const set = useCallback(
    (patch: Patch, options?: { replace?: boolean }) => {
      setParams((old) => {
        const next = new URLSearchParams(old);
        for (const [name, value] of Object.entries(patch)) {
          if (value) next.set(name, value);
          else next.delete(name);
        }
        return next;
      }, options);
    },
    [setParams],
  );
  return { get: (name) => params.get(name) ?? undefined, set };
}
