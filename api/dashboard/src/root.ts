// Where the service is: a proxy may have it below a path of its own.
const given =
  typeof document === "undefined" ? null : document.querySelector<HTMLMetaElement>('meta[name="root"]')?.content;

/** What the proxy puts before the paths of the service: "", or such as "/nas". */
export const ROOT = given ? new URL(given, location.href).pathname.replace(/\/+$/, "") : "";

/** A path of the service as the browser has to ask for it. One that the service has told may have it already. */
export const at = (path: string): string => (path.startsWith(`${ROOT}/`) ? path : ROOT + path);

/** The service's own path of one that the browser has; null if it is not the service's. */
export const within = (path: string): string | null =>
  path.startsWith(`${ROOT}/`) ? path.slice(ROOT.length) : path === ROOT ? "/" : null;
