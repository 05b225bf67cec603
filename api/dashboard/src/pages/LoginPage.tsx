import { useState } from "preact/hooks";
import { locked, request } from "../api";
import { useTitle } from "../components/title";
import { useAction } from "../store/action";
import { openSession } from "../store/session";

export function LoginPage() {
  useTitle("Sign in");
  const [key, setKey] = useState("");
  const { busy, problem, run } = useAction();
  const signIn = async () => {
    try {
      await request("/v1/session", { method: "POST", body: { key: key.trim() } });
      locked.value = false;
      await openSession();
    } catch (error) {
      locked.value = true;
      throw error;
    }
  };
  const submit = (event: Event) => {
    event.preventDefault();
    void run(signIn);
  };
  return (
    <form class="login" onSubmit={submit} data-testid="login">
      <h1>Sign in</h1>
      <p class="soft">
        This service asks for an API key. Its operator makes one with <code>nas key create</code>.
      </p>
      <label class="field">
        <span class="label">API key</span>
        <input
          type="password"
          autocomplete="current-password"
          required
          placeholder="nas_…"
          value={key}
          onInput={(event) => setKey(event.currentTarget.value)}
          aria-invalid={problem ? "true" : undefined}
          aria-describedby="login-problem"
        />
      </label>
      <p id="login-problem" class="fault" role="alert">
        {problem && (problem.detail || problem.title)}
      </p>
      <button type="submit" class="button first" disabled={busy || !key.trim()}>
        {busy ? "Signing in …" : "Sign in"}
      </button>
      <p class="small">
        The key is exchanged for a session cookie that scripts cannot read; it is not kept in this browser.
      </p>
    </form>
  );
}
