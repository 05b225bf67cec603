// A finalist class by class: recall, and which classes are taken for which.
import type { Finalist } from "../api";
import { percent, whole } from "../format";

const CONFUSION_CLASSES = 20;

export function Classes({ finalist }: { finalist: Finalist }) {
  const found = finalist.by_class?.["test"];
  if (!found) return null;
  const counts = found.confusion.map((row) => row.reduce((sum, each) => sum + each, 0));
  return (
    <details data-testid="classes">
      <summary>Class by class</summary>
      <p class="small">
        Balanced test accuracy {percent(found.balanced_accuracy, 1)}; always answering {found.majority_class} would give{" "}
        {percent(found.majority_rate, 1)}.{" "}
        {found.in_train > 0 &&
          `${whole(found.in_train)} test images also lie in train; accuracy on the others: ${
            found.accuracy_without_train === null ? "there are none" : percent(found.accuracy_without_train, 1)
          }.`}
      </p>
      {found.note && <p class="notice">{found.note}</p>}
      <div class="by-class" role="region" aria-label="Recall of each class" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">class</th>
              <th scope="col">images</th>
              <th scope="col">recall</th>
              {found.classes.length <= CONFUSION_CLASSES && found.classes.map((name) => <th scope="col">as {name}</th>)}
            </tr>
          </thead>
          <tbody>
            {found.classes.map((name, row) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{whole(counts[row] ?? 0)}</td>
                <td>{found.recall[row] == null ? "–" : percent(found.recall[row], 1)}</td>
                {found.classes.length <= CONFUSION_CLASSES &&
                  found.confusion[row]?.map((count) => <td>{count ? whole(count) : ""}</td>)}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
