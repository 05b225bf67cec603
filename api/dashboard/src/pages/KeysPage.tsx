// The keys of the service: made and revoked by who may administer it.
import { useState } from "preact/hooks";
import { request, type CreatedKey, type Key } from "../api";
import { Ago } from "../components/Ago";
import { Failure, Loading, Trouble } from "../components/states";
import { Token } from "../components/Token";
import { useTitle } from "../components/title";
import { useAction } from "../store/action";
import { useLoaded } from "../store/load";

const SCOPES = ["read", "write", "admin"];

export function KeysPage() {
  useTitle("Keys");
  const { value, problem, again } = useLoaded<{ items: Key[] }>("/v1/keys", true);
  const [made, setMade] = useState<CreatedKey | null>(null);
  const [name, setName] = useState("");
  const [scope, setScope] = useState("read");
  const action = useAction();
  if (!value) return problem ? <Failure problem={problem} again={again} /> : <Loading what="the keys" lines={4} />;
  const create = () =>
    void action.run(async () => {
      setMade(await request<CreatedKey>("/v1/keys", { method: "POST", body: { name: name.trim(), scopes: [scope] } }));
      again();
    });
  const revoke = (key: Key) => {
    if (!confirm(`Revoke ${key.name}? It is refused from now on, and its sessions end.`)) return;
    void action.run(async () => {
      await request(`/v1/keys/${key.id}`, { method: "DELETE" });
      again();
    });
  };
  return (
    <div class="things" data-testid="keys-page">
      <h1>Keys</h1>
      {action.problem && <Trouble problem={action.problem} />}
      {made && <Token secret={made.secret} use={`the key ${made.name}`} />}
      <form
        class="filters"
        onSubmit={(event) => {
          event.preventDefault();
          create();
        }}
      >
        <input
          type="text"
          aria-label="Name of the key"
          placeholder="name"
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
          data-testid="new-key"
        />
        <select aria-label="What it may do" value={scope} onChange={(event) => setScope(event.currentTarget.value)}>
          {SCOPES.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
        <button type="submit" class="button" disabled={action.busy || !name.trim()}>
          Make a key
        </button>
      </form>
      <ul class="cards">
        {value.items.map((key) => (
          <li key={key.id} class="thing" data-testid="key">
            <strong>{key.name}</strong>
            <span>
              <code>{key.prefix}…</code> {key.scopes.join(", ")}
              {key.revoked_at ? ", revoked" : ""}
            </span>
            <span class="soft">
              made <Ago time={key.created_at} />, used <Ago time={key.last_used_at} />
              {key.expires_at && (
                <>
                  , expires <time dateTime={key.expires_at}>{key.expires_at.slice(0, 10)}</time>
                </>
              )}
            </span>
            {!key.revoked_at && (
              <span class="buttons">
                <button type="button" class="button" disabled={action.busy} onClick={() => revoke(key)} data-testid="revoke">
                  Revoke
                </button>
              </span>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}
