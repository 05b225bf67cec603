// Where latencies are measured: the devices, and the machines whose agents measure for the service.
import { useState } from "preact/hooks";
import { request, type Agent, type CreatedDevice } from "../api";
import { Ago } from "../components/Ago";
import { Failure, Loading, Trouble } from "../components/states";
import { Token } from "../components/Token";
import { useTitle } from "../components/title";
import { whole } from "../format";
import { useAction } from "../store/action";
import { useLoaded } from "../store/load";
import { mayAdminister } from "../store/session";

interface Device {
  name: string;
  runtime: string;
  runtime_version: string;
  precision: string;
  threads: number;
  kernels: number;
  networks: number;
  last_measured_at: string | null;
  statistic: string;
  fingerprint: Record<string, string>;
}

export function DevicesPage() {
  useTitle("Devices");
  const devices = useLoaded<{ items: Device[] }>("/v1/devices", true);
  const agents = useLoaded<{ items: Agent[] }>("/v1/agents", true);
  const problem = devices.problem ?? agents.problem;
  if (!devices.value || !agents.value)
    return problem ? (
      <Failure problem={problem} again={devices.problem ? devices.again : agents.again} />
    ) : (
      <Loading what="the devices" lines={4} />
    );
  return (
    <div class="things" data-testid="devices-page">
      <h1>Devices</h1>
      <ul class="cards">
        {devices.value.items.map((device) => (
          <li key={device.name} class="thing" data-testid="device">
            <strong>{device.name}</strong>
            <span>
              {device.runtime} {device.runtime_version}, {device.precision}, {device.threads} thread
              {device.threads === 1 ? "" : "s"}
            </span>
            <span class="soft">{device.fingerprint["cpu"]}</span>
            <span>
              {device.last_measured_at ? (
                <>
                  {whole(device.kernels)} kernels and {whole(device.networks)} networks measured, last{" "}
                  <Ago time={device.last_measured_at} />
                </>
              ) : (
                "nothing measured yet"
              )}
            </span>
          </li>
        ))}
      </ul>
      <Machines agents={agents.value.items} again={agents.again} />
    </div>
  );
}

/** Other machines: added, given a new token, or removed by who may administer the service. */
function Machines({ agents, again }: { agents: Agent[]; again: () => void }) {
  const [made, setMade] = useState<CreatedDevice | null>(null);
  const [name, setName] = useState("");
  const { busy, problem, run } = useAction();
  const ask = (path: string, options: { method: string; body?: unknown }) =>
    void run(async () => {
      setMade((await request<CreatedDevice | undefined>(path, options)) ?? null);
      again();
    });
  const remove = (agent: Agent) => {
    if (confirm(`Remove ${agent.name}? Its token is refused from now on; what it measured stays.`))
      ask(`/v1/agents/${agent.id}`, { method: "DELETE" });
  };
  return (
    <>
      <h2>Other machines</h2>
      {problem && <Trouble problem={problem} />}
      {made && <Token secret={made.token} use={`on ${made.name}, NAS_API_KEY=TOKEN nas agent --server URL`} />}
      {!agents.length && <p class="soft">None. A phone or a board measures for this service once its agent runs.</p>}
      <ul class="cards">
        {agents.map((agent) => (
          <li key={agent.id} class="thing" data-testid="agent">
            <strong>{agent.name}</strong>
            <span>
              seen <Ago time={agent.last_seen_at} />, added <Ago time={agent.created_at} />
            </span>
            {agent.trouble && <span class="fault">{agent.trouble}</span>}
            {mayAdminister() && (
              <span class="buttons">
                <button
                  type="button"
                  class="button"
                  disabled={busy}
                  onClick={() => ask(`/v1/agents/${agent.id}:renew`, { method: "POST" })}
                  data-testid="renew"
                >
                  New token
                </button>
                <button type="button" class="button" disabled={busy} onClick={() => remove(agent)} data-testid="remove">
                  Remove
                </button>
              </span>
            )}
          </li>
        ))}
      </ul>
      {mayAdminister() && (
        <form
          class="filters"
          onSubmit={(event) => {
            event.preventDefault();
            ask("/v1/devices", { method: "POST", body: { name: name.trim() } });
          }}
        >
          <input
            type="text"
            aria-label="Name of the machine"
            placeholder="name, such as pi"
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
            data-testid="new-device"
          />
          <button type="submit" class="button" disabled={busy || !name.trim()}>
            Add a machine
          </button>
        </form>
      )}
    </>
  );
}
