// The networks to take: every finalist with its accuracies, its file, and the lines that use it.
import { Code } from "../components/Code";
import { accuracy, milliseconds, shown } from "../format";
import { at, ROOT } from "../root";
import type { LiveSearch } from "../store/live";
import { metrics as known, sizes } from "../store/metrics";
import { USE } from "./use";

export function Finalists({ live, select }: { live: LiveSearch; select: (trial: number) => void }) {
  const finalists = live.finalists.value;
  if (!finalists.length) return null;
  const note = finalists.find((each) => each.best)?.choice_note;
  return (
    <section class="finalists" aria-labelledby="finalists-title" data-testid="finalists">
      <h2 id="finalists-title">Finalists</h2>
      {note && (
        <p class="small" data-testid="choice-note">
          {note}.
        </p>
      )}
      <ul class="cards">
        {finalists.map((finalist) => {
          const { metrics, file, files, trial } = finalist;
          return (
            <li key={file} class="thing" data-testid="finalist">
              <strong>
                <button type="button" class="link" onClick={() => select(trial)}>
                  trial {trial}
                </button>
                {finalist.best && <span class="badge">best</span>}
              </strong>
              <span>test {accuracy(metrics, "test_accuracy")}</span>
              <span class="soft">validation {accuracy(metrics, "validation_accuracy")}</span>
              <span>
                {[
                  milliseconds(metrics["latency_ms"] ?? metrics["estimated_latency_ms"]),
                  ...sizes(known.value).map((metric) => `${shown(metric, metrics[metric.name])} ${metric.heading}`),
                ].join(", ")}
              </span>
              {(finalist.beside_curves ?? []).map((each) => (
                <span key={each.curve} class="soft" data-testid="beside-curve">
                  {each.text}
                </span>
              ))}
              <span class="buttons">
                {(files ?? []).map(
                  (each) =>
                    each.url && (
                      <a
                        key={each.file}
                        class="button"
                        href={at(each.url)}
                        download={each.file}
                        data-testid="finalist-download"
                      >
                        .{each.format}
                      </a>
                    ),
                )}
              </span>
            </li>
          );
        })}
      </ul>
      <details data-testid="use">
        <summary>Use a file in a program</summary>
        <p class="soft">
          Save the lines below as use.py beside the file that you downloaded, and type there{" "}
          <code>python use.py {finalists[0]!.file} photo.jpg</code>. It needs onnxruntime, numpy and pillow, nothing else
          (<code>pip install onnxruntime numpy pillow</code>). To have all files without clicks:{" "}
          <code>
            nas search export {live.search.value!.id} --url {location.origin + ROOT}
          </code>{" "}
          writes them into models/.
        </p>
        <Code text={USE} label="use.py" />
      </details>
    </section>
  );
}
