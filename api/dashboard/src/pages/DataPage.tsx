// The images that the service has: uploaded ones, which can be deleted here, and the published sets.
import { request, type Datasets, type Uploaded } from "../api";
import { Failure, Loading, Trouble } from "../components/states";
import { useTitle } from "../components/title";
import { Upload } from "../form/Upload";
import { size, whole } from "../format";
import { at } from "../root";
import { useAction } from "../store/action";
import { useLoaded } from "../store/load";
import { mayWrite } from "../store/session";

export function DataPage() {
  useTitle("Images");
  const { value, problem, again } = useLoaded<Datasets>("/v1/datasets", true);
  const action = useAction();
  if (!value) return problem ? <Failure problem={problem} again={again} /> : <Loading what="the data sets" lines={4} />;
  const remove = (upload: Uploaded) => {
    if (!confirm(`Delete ${upload.title}, ${whole(upload.images)} images? They are gone for good.`)) return;
    void action.run(async () => {
      await request(`/v1/datasets/${upload.path.split("/").pop()}`, { method: "DELETE" });
      again();
    });
  };
  return (
    <div class="things" data-testid="data-page">
      <h1>Images</h1>
      {action.problem && <Trouble problem={action.problem} />}
      {mayWrite() && <Upload done={again} />}
      <h2>Uploaded</h2>
      {!value.uploads.length && <p class="soft">None yet. <code>nas data upload FOLDER</code> sends a folder as it is.</p>}
      <ul class="cards">
        {value.uploads.map((upload) => (
          <li key={upload.path} class="thing" data-testid="uploaded">
            <strong>{upload.title}</strong>
            <span>
              {Object.entries(upload.parts)
                .map(([part, images]) => `${whole(images)} ${part}`)
                .join(", ")}{" "}
              images, {upload.sizes.min === upload.sizes.max ? upload.sizes.min : `${upload.sizes.min} to ${upload.sizes.max}`} px
            </span>
            <span class="soft">
              {upload.classes.length} classes: {upload.classes.join(", ")}
            </span>
            {upload.notes.map((note) => (
              <span key={note.text} class="soft">
                {note.text}
              </span>
            ))}
            <code class="small">{upload.path}</code>
            {mayWrite() && (
              <span class="buttons">
                <a class="button" href={at(`/new?data=${encodeURIComponent(upload.path)}`)} data-testid="search-on">
                  Search on these
                </a>
                <button
                  type="button"
                  class="button"
                  disabled={action.busy}
                  onClick={() => remove(upload)}
                  data-testid="delete-upload"
                >
                  Delete
                </button>
              </span>
            )}
          </li>
        ))}
      </ul>
      <h2>Published</h2>
      <ul class="cards">
        {value.items.map((known) => (
          <li key={known.name} class="thing">
            <strong>{known.name}</strong>
            <span>{known.summary}</span>
            <span class="soft">
              {known.available
                ? "here"
                : `to be fetched with nas data get ${known.name} on the service's machine, ${size(known.download_bytes)}`}
              ; licence: {known.licence}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
