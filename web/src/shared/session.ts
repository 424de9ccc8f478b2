import { queryOptions, useQuery } from "@tanstack/react-query";
import { request } from "../api/client";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { Session } from "../api/types";

/** A session at an installation that knows a place; without one there is no page to show. */
export type PlacedSession = Session & { home_region: NonNullable<Session["home_region"]> };

export function isPlaced(session: Session): session is PlacedSession {
  return session.home_region != null;
}

/** Who is signed in; `null` when nobody is. */
export const sessionQuery = queryOptions({
  queryKey: keys.session,
  queryFn: async ({ signal }): Promise<Session | null> => {
    try {
      return await request<Session>("GET", "/session", { signal });
    } catch (error) {
      if (asProblem(error).status === 401) return null;
      throw error;
    }
  },
  staleTime: 5 * 60_000,
});

/** The session of a page behind the sign-in: the shell shows such pages only once it is known. */
export function useSession(): PlacedSession {
  const { data } = useQuery(sessionQuery);
  if (!data || !isPlaced(data)) throw new Error("useSession outside of the signed-in pages");
  return data;
}

/** Whether the account may do something anywhere. Where exactly, the server says with the resource. */
export function useMay(action: string): boolean {
  return useSession().actions.includes(action);
}
