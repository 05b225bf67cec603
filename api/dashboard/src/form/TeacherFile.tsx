// An ONNX classifier on its way to the service, for a search to learn from.
import { useRef, useState } from "preact/hooks";
import { asProblem, request, type Problem, type TeacherFile as Sent } from "../api";
import { Trouble } from "../components/states";
import { Words } from "../components/Words";
import { size } from "../format";
import { isObject } from "./draft";
import type { Editing } from "./Inputs";

const described = ({ size_bytes, input, classes }: Sent): string =>
  [
    size(size_bytes),
    input && `input ${input.map((side) => side ?? "?").join("×")}`,
    classes && `${classes.length} classes`,
  ]
    .filter(Boolean)
    .join(", ");

export function TeacherFile({ help, editing }: { help: string; editing: Editing }) {
  const input = useRef<HTMLInputElement>(null);
  const [sending, setSending] = useState(false);
  const [said, setSaid] = useState("");
  const [problem, setProblem] = useState<Problem | null>(null);
  const take = async (file: File | undefined) => {
    if (!file || sending) return;
    setProblem(null);
    setSending(true);
    setSaid(`${file.name}, ${size(file.size)}`);
    try {
      const body = new FormData();
      body.append("model", file, file.name);
      const sent = await request<Sent>("/v1/teachers", { method: "POST", body });
      setSaid(`${file.name}: ${described(sent)}`);
      const known = editing.draft["teacher"];
      editing.change({ ...editing.draft, teacher: { ...(isObject(known) ? known : {}), model: sent.model } });
    } catch (error) {
      setSaid("");
      setProblem(asProblem(error));
    }
    setSending(false);
  };
  return (
    <div class="upload">
      <input
        ref={input}
        type="file"
        class="unseen"
        tabIndex={-1}
        aria-label="Model of a teacher"
        accept=".onnx"
        data-testid="teacher"
        onChange={(event) => {
          void take(event.currentTarget.files?.[0]);
          event.currentTarget.value = "";
        }}
      />
      <button type="button" class="button" onClick={() => input.current?.click()} disabled={sending}>
        {sending ? "Sending …" : "Send a model …"}
      </button>
      <span class="soft" data-testid="teacher-said">
        <Words text={said || help} />
      </span>
      {problem && <Trouble problem={problem} />}
    </div>
  );
}
