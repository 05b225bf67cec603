// What somebody sees who has no search yet: one that runs as it is.
import { useState } from "preact/hooks";
import { request, type Search } from "../api";
import { Code } from "../components/Code";
import { Trouble } from "../components/states";
import { Tabs } from "../components/Tabs";
import { commands, EXAMPLE, WAYS, type Way } from "../example";
import { newKey } from "../form/key";
import { at, ROOT } from "../root";
import { navigate } from "../router";
import { useAction } from "../store/action";
import { mayWrite, session } from "../store/session";

export function FirstSearch() {
  const [way, setWay] = useState<Way>("curl");
  const { busy, problem, run } = useAction();
  const said = commands(location.origin + ROOT, session.value?.open ?? true);
  const start = async () => {
    const headers = { "Idempotency-Key": newKey() };
    const search = await request<Search>("/v1/searches", { method: "POST", body: EXAMPLE, headers });
    navigate(`/searches/${search.id}`);
  };
  return (
    <div class="first-search" data-testid="first-search">
      <h1>Find a network for your device</h1>
      <p class="lead">
        Give it images, a device and a latency budget. It trains candidates, looks up what each would take on the
        device, and hands you the best as ONNX files, tested and measured.
      </p>
      <p class="buttons">
        {mayWrite() && (
          <button
            type="button"
            class="button first"
            onClick={() => void run(start)}
            disabled={busy}
            data-testid="start-example"
          >
            {busy ? "Starting …" : "Start the example search"}
          </button>
        )}
        <a class="button" href={at("/new")}>
          Describe your own
        </a>
      </p>
      {problem && <Trouble problem={problem} />}
      <p class="soft">
        Sixteen small networks on Fashion-MNIST, which comes with the package: some minutes on two cores. The latency
        budget is the median of the space on this machine. The same from elsewhere:
      </p>
      <Tabs label="Ways to start" names={WAYS} chosen={way} choose={setWay}>
        <Code text={said[way]} />
      </Tabs>
    </div>
  );
}
