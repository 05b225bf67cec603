// Who the reader is to the service.
import { signal } from "@preact/signals";
import { locked, Problem, request, type Session } from "../api";

export const session = signal<Session | null>(null);

/** Ask who we are; locks the pages where a key is needed. Problem if the service does not answer. */
export async function openSession(): Promise<void> {
  const found = await request<Session>("/v1/session").catch((error: unknown) => {
    if (error instanceof Problem && error.status === 401) return { open: false, scopes: [] }; // the session is over
    throw error;
  });
  session.value = found;
  locked.value = !found.open && !found.scopes.length;
}

export const mayAdminister = (): boolean => {
  const known = session.value;
  return Boolean(known && (known.open || known.scopes.includes("admin")));
};

export const mayWrite = (): boolean => {
  const known = session.value;
  return !known || known.open || known.scopes.includes("write") || known.scopes.includes("admin");
};
