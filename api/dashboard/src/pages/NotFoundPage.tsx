import { useTitle } from "../components/title";
import { at } from "../root";
import { path } from "../router";

export function NotFoundPage() {
  useTitle("No such page");
  return (
    <div class="empty" data-testid="not-found">
      <h1>There is no such page</h1>
      <p>
        <code>{path.value}</code> leads nowhere. It may have been mistyped, or what it showed was deleted.
      </p>
      <p>
        <a class="button" href={at("/")}>
          All searches
        </a>
      </p>
    </div>
  );
}
