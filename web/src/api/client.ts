import { ApiProblem } from "./problem";
import type { Problem } from "./types";

type Query = Record<string, string | number | boolean | null | undefined>;

interface RequestOptions {
  query?: Query;
  json?: unknown;
  body?: Blob;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

const BASE = "/api/v1";

/** Address of a resource, for links that the browser follows itself (downloads, events). */
export function apiUrl(path: string, query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value != null && value !== "") params.append(name, String(value));
  }
  const text = params.toString();
  return `${BASE}${path}${text ? `?${text}` : ""}`;
}

/** The one place that calls the server. Answers that are not 2xx throw `ApiProblem`. */
export async function request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
  const headers: Record<string, string> = { accept: "application/json", ...options.headers };
  // Other origins cannot add this header, so it tells the server that the console itself asks.
  if (method !== "GET") headers["x-wanquan-request"] = "1";
  let body: BodyInit | undefined;
  if (options.json !== undefined) {
    headers["content-type"] = "application/json";
    body = JSON.stringify(options.json);
  } else if (options.body) {
    headers["content-type"] = "application/octet-stream";
    body = options.body;
  }
  const response = await fetch(apiUrl(path, options.query), {
    method,
    headers,
    body,
    signal: options.signal,
    credentials: "same-origin",
  });
  if (!response.ok) throw new ApiProblem({ ...(await problemOf(response)), status: response.status });
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

async function problemOf(response: Response): Promise<Partial<Problem>> {
  try {
    return (await response.json()) as Partial<Problem>;
  } catch {
    return { title: response.statusText };
  }
}
