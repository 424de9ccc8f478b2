import { apiUrl, request } from "../../../api/client";
import type { PortalFile } from "../../../api/types";

/** Keeps a picture or an attachment. */
export function uploadFile(file: File): Promise<PortalFile> {
  return request<PortalFile>("POST", "/portal-files", { query: { name: file.name }, body: file });
}

/** The address under which those who write see a file of the portal before readers do. */
export function fileForWriters(address: string): string {
  const digest = /^\/files\/([0-9a-f]{64})/.exec(address)?.[1];
  return digest ? apiUrl(`/portal-files/${digest}`) : address;
}

/** Rendered text with its pictures as those who write see them. */
export function pageForWriters(html: string): string {
  return html.replaceAll(/src="(\/files\/[0-9a-f]{64}[^"]*)"/g, (_, address: string) => {
    return `src="${fileForWriters(address)}"`;
  });
}
