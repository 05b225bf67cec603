// An archive of images on its way to the service.
import { useRef, useState } from "preact/hooks";
import { asProblem, type Problem, type Uploaded } from "../api";
import { Bar } from "../components/badges";
import { size, whole } from "../format";
import { Trouble } from "../components/states";
import { send, type OnDamaged } from "./sending";

export function Upload({ done }: { done: (found: Uploaded) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [share, setShare] = useState<number | null>(null);
  const [doing, setDoing] = useState<"reading" | "sending">("reading");
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
      const found = await send(file, onDamaged, (what, done) => {
        setDoing(what);
        setShare(done);
      });
      setNotes(found.notes.map((note) => note.text));
      setSaid(`${file.name}: ${whole(found.images)} images in ${found.classes.length} classes`);
      done(found);
    } catch (error) {
      setSaid("");
      const found = asProblem(error);
      setProblem(found);
      if (found.detail.includes("on_damaged")) setRefused(file);
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
        {share === null ? "Upload images …" : doing === "reading" ? "Reading …" : "Sending …"}
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
