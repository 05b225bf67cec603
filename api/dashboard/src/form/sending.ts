// An archive of images on its way to the service: piece by piece, and not those that it has, as `nas data upload` does.
import { asProblem, Problem, request, type Uploaded } from "../api";
import { Sha256 } from "./sha256";

export const PIECE_BYTES = 4 << 20;
const NOT_FOUND = 404;
const WAITS_MS = [500, 1000, 2000, 4000, 8000];

export type OnDamaged = "refuse" | "skip";
/** Called with the share of the archive that was read, and then with that which has arrived. */
export type Progress = (what: "reading" | "sending", share: number) => void;

/** The data set of an archive. Called again after it was cut off, it goes on where it was. */
export async function send(file: File, onDamaged: OnDamaged, progress: Progress): Promise<Uploaded> {
  const digest = await digestOf(file, progress);
  const known = await request<Uploaded>(`/v1/datasets/${digest}`).catch((error: unknown) => {
    if (asProblem(error).status !== NOT_FOUND) throw error;
    return null;
  });
  if (known) return known;
  let arrived = 0;
  let piece = file.size > PIECE_BYTES ? new Blob() : pieceAt(file, 0); // an empty one asks what is there
  for (;;) {
    const about = { start: String(arrived), size_bytes: String(file.size), title: file.name, on_damaged: onDamaged };
    const answer = await sent(`/v1/datasets/${digest}/archive?${new URLSearchParams(about)}`, piece, file.name);
    if (!("received_bytes" in answer)) return answer;
    arrived = answer.received_bytes;
    progress("sending", arrived / file.size);
    piece = pieceAt(file, arrived);
  }
}

const pieceAt = (file: File, start: number): Blob => file.slice(start, start + PIECE_BYTES);

async function digestOf(file: File, progress: Progress): Promise<string> {
  const digest = new Sha256();
  for (let at = 0; at < file.size; at += PIECE_BYTES) {
    digest.add(new Uint8Array(await pieceAt(file, at).arrayBuffer()));
    progress("reading", at / file.size);
  }
  return digest.digest();
}

/** The answer to a piece, which is sent again for a while when the line is cut: one that has arrived is passed over. */
async function sent(path: string, piece: Blob, name: string): Promise<Uploaded | { received_bytes: number }> {
  const body = new FormData();
  body.append("archive", piece, name);
  for (const wait of [...WAITS_MS, null]) {
    try {
      return await request(path, { method: "PUT", body });
    } catch (error) {
      if (asProblem(error).status !== 0) throw error;
      if (wait !== null) await new Promise((done) => setTimeout(done, wait));
    }
  }
  throw new Problem(0, "The upload was cut off", "Choose the archive again: it goes on with what has not arrived.");
}
