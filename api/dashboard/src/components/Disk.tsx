// Whose the service's disk is, and the uploaded data sets, which can be deleted here. Asked for when it is opened.
import { useState } from "preact/hooks";
import { request, type Datasets, type Disk as Sizes, type Uploaded } from "../api";
import { size, whole } from "../format";
import { useAction } from "../store/action";
import { useLoaded } from "../store/load";
import { mayWrite } from "../store/session";
import { Trouble } from "./states";

export function Disk() {
  const [open, setOpen] = useState(false);
  const disk = useLoaded<Sizes>(open ? "/v1/disk" : null);
  const datasets = useLoaded<Datasets>(open ? "/v1/datasets" : null, true);
  const problem = disk.problem ?? datasets.problem;
  const sizes = Object.entries(disk.value?.sizes_bytes ?? {}).filter(([, bytes]) => bytes > 0);
  return (
    <details class="disk" onToggle={(event) => setOpen(event.currentTarget.open)} data-testid="disk">
      <summary>Disk</summary>
      {problem && <Trouble problem={problem} again={disk.problem ? disk.again : datasets.again} />}
      {disk.value && (
        <dl data-testid="disk-sizes">
          {sizes.map(([whose, bytes]) => (
            <div key={whose}>
              <dt>{whose}</dt>
              <dd>{size(bytes)}</dd>
            </div>
          ))}
          <div>
            <dt>free</dt>
            <dd>
              {size(disk.value.free_bytes)} of {size(disk.value.total_bytes)}
            </dd>
          </div>
        </dl>
      )}
      {datasets.value && <Uploads uploads={datasets.value.uploads} again={datasets.again} />}
    </details>
  );
}

function Uploads({ uploads, again }: { uploads: Uploaded[]; again: () => void }) {
  const { busy, problem, run } = useAction();
  const remove = (upload: Uploaded) => {
    const asked = `Delete the ${whole(upload.images)} images of ${upload.classes.join(", ")}? They are gone for good.`;
    if (!confirm(asked)) return;
    void run(async () => {
      await request(`/v1/datasets/${upload.path.split("/").pop()}`, { method: "DELETE" });
      again();
    });
  };
  if (!uploads.length) return null;
  return (
    <>
      <h3>Uploaded images</h3>
      {problem && <Trouble problem={problem} />}
      <ul class="uploads">
        {uploads.map((upload) => (
          <li key={upload.path} data-testid="uploaded">
            <span>
              {upload.title}: {whole(upload.images)} images: {upload.classes.join(", ")}{" "}
              <code class="small">{upload.path.slice(0, 16)}…</code>
            </span>
            {mayWrite() && (
              <button
                type="button"
                class="link"
                onClick={() => remove(upload)}
                disabled={busy}
                data-testid="delete-upload"
              >
                Delete
              </button>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
