// An archive of images on its way to the service.
import { useRef, useState } from "preact/hooks";
import { Problem, type FieldError, type Uploaded } from "../api";
import { Bar } from "../components/badges";
import { size, whole } from "../format";
import { at } from "../root";
import { Trouble } from "../components/states";

type OnDamaged = "refuse" | "skip";

/** Like request, with progress, which fetch does not report. */
function send(file: File, onDamaged: OnDamaged, progress: (share: number) => void): Promise<Uploaded> {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    call.open("POST", at(`/v1/datasets?on_damaged=${onDamaged}`));
    call.responseType = "json";
    call.upload.onprogress = (event) => progress(event.lengthComputable ? event.loaded / event.total : 0);
    call.onerror = () =>
      reject(new Problem(0, "The upload was cut off", "Choose the archive again to send it once more."));
    call.onload = () => {
      const said = call.response as
        (Uploaded & { title?: string; detail?: string; request_id?: string; errors?: FieldError[] }) | null;
      if (call.status < 300 && said) resolve(said);
      else
        reject(
          new Problem(
            call.status,
            said?.title ?? `The service answered ${call.status}`,
            said?.detail ?? "",
            said?.request_id ?? null,
          ),
        );
    };
    const form = new FormData();
    form.append("archive", file, file.name);
    call.send(form);
  });
}

export function Upload({ done }: { done: (found: Uploaded) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [share, setShare] = useState<number | null>(null);
  const [said, setSaid] = useState("");
  const [over, setOver] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [notes, setNotes] = useState<string[]>([]);
  const [refused, setRefused] = useState<File | null>(null);
  const take = async (file: File | undefined, onDamaged: OnDamaged = "refuse") => {
    if (!file || share !== null) return;
    setProblem(null);
    setNotes([]);
    setRefused(null);
    setShare(0);
    setSaid(`${file.name}, ${size(file.size)}`);
    try {
      const found = await send(file, onDamaged, setShare);
      setNotes(found.notes.map((note) => note.text));
      setSaid(`${file.name}: ${whole(found.images)} images in ${found.classes.length} classes`);
      done(found);
    } catch (error) {
      setSaid("");
      setProblem(error as Problem);
      if ((error as Problem).detail.includes("on_damaged")) setRefused(file);
    }
    setShare(null);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void take(event.dataTransfer?.files[0]);
  };
  return (
    <div
      class={`upload${over ? " over" : ""}`}
      onDrop={drop}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
    >
      <input
        ref={input}
        type="file"
        class="unseen"
        tabIndex={-1}
        aria-label="Archive of images"
        accept=".zip,.tar,.gz,.tgz,.bz2,.xz"
        data-testid="upload"
        onChange={(event) => {
          void take(event.currentTarget.files?.[0]);
          event.currentTarget.value = "";
        }}
      />
      <button type="button" class="button" onClick={() => input.current?.click()} disabled={share !== null}>
        {share === null ? "Upload images …" : "Sending …"}
      </button>
      <span class="soft">{said || "a .zip or .tar.gz with a folder for each class"}</span>
      {share !== null && <Bar done={Math.round(100 * share)} total={100} label="Upload" />}
      {problem && <Trouble problem={problem} />}
      {refused && (
        <button type="button" class="button" onClick={() => void take(refused, "skip")} data-testid="skip-damaged">
          Send it again without these images
        </button>
      )}
      {notes.map((note) => (
        <p class="small track" key={note} data-testid="upload-note">
          {note}
        </p>
      ))}
    </div>
  );
}
