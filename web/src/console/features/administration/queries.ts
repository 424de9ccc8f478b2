import { queryOptions } from "@tanstack/react-query";
import { request } from "../../../api/client";
import { keys } from "../../../api/keys";
import type { CreatedToken, NewToken, NewUser, Page, Role, Token, User } from "../../../api/types";

const part = encodeURIComponent;

export const usersQuery = queryOptions({
  queryKey: keys.users,
  queryFn: ({ signal }) => request<Page<User>>("GET", "/users", { signal }),
});

export const rolesQuery = queryOptions({
  queryKey: keys.roles,
  queryFn: ({ signal }) => request<Page<Role>>("GET", "/roles", { signal }),
  staleTime: Number.POSITIVE_INFINITY,
});

export const tokensQuery = queryOptions({
  queryKey: keys.tokens,
  queryFn: ({ signal }) => request<Page<Token>>("GET", "/tokens", { signal }),
});

export const createUser = (json: NewUser) => request<User>("POST", "/users", { json });

export const changeUser = (
  id: string,
  json: { display_name?: string; disabled?: boolean; password?: string },
) => request<User>("PUT", `/users/${part(id)}`, { json });

export const addGrant = (user: string, json: { role: string; region: string }) =>
  request<User>("POST", `/users/${part(user)}/grants`, { json });

export const removeGrant = (user: string, grant: string) =>
  request<undefined>("DELETE", `/users/${part(user)}/grants/${part(grant)}`);

export const createToken = (json: NewToken) => request<CreatedToken>("POST", "/tokens", { json });

export const revokeToken = (id: string) => request<undefined>("DELETE", `/tokens/${part(id)}`);
