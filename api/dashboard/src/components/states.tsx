// What a page shows when it has nothing to show: loading, empty, refused, broken.
import { Component, type ComponentChildren } from "preact";
import type { Problem } from "../api";
import { at } from "../root";

export function Loading({ what, lines = 4 }: { what: string; lines?: number }) {
  return (
    <div class="loading" role="status" data-testid="loading">
      <span class="unseen">Loading {what}</span>
      {Array.from({ length: lines }, (_, i) => (
        <div key={i} class="bone" />
      ))}
    </div>
  );
}

export function Failure({ problem, again }: { problem: Problem; again?: () => void }) {
  return (
    <div class="failure" role="alert" data-testid="failure">
      <h2>{problem.title}</h2>
      {problem.detail && problem.detail !== problem.title && <p>{problem.detail}</p>}
      <p class="small">
        {problem.reason && <code>{problem.reason}</code>}
        {problem.requestId && (
          <>
            {" "}
            request <code>{problem.requestId}</code>
          </>
        )}
      </p>
      <p class="buttons">
        {again && (
          <button type="button" class="button" onClick={again} data-testid="retry">
            Try again
          </button>
        )}
        {problem.reason === "NOT_FOUND" && (
          <a class="button" href={at("/")}>
            All searches
          </a>
        )}
      </p>
    </div>
  );
}

/** A line that something did not work, beside what still does. */
export function Trouble({ problem, again }: { problem: Problem; again?: () => void }) {
  return (
    <p class="trouble" role="alert" data-testid="trouble">
      <strong>{problem.title}.</strong> {problem.detail}{" "}
      {problem.requestId && <span class="small">Request {problem.requestId}.</span>}{" "}
      {again && (
        <button type="button" class="link" onClick={again}>
          Try again
        </button>
      )}
    </p>
  );
}

interface Caught {
  error: Error | null;
}

/** Keeps a fault of one page from leaving a blank one. */
export class Boundary extends Component<{ children: ComponentChildren }, Caught> {
  override state: Caught = { error: null };

  static override getDerivedStateFromError(error: unknown): Caught {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override componentDidCatch(error: unknown): void {
    console.error(error);
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    const report = `${error.message}\n${error.stack ?? ""}\n${location.href}\n${navigator.userAgent}`;
    return (
      <div class="failure" role="alert" data-testid="failure">
        <h2>This page has failed</h2>
        <p>{error.message}</p>
        <p class="buttons">
          <button type="button" class="button" onClick={() => this.setState({ error: null })}>
            Try again
          </button>
          <button type="button" class="button" onClick={() => void navigator.clipboard?.writeText(report)}>
            Copy a report
          </button>
        </p>
      </div>
    );
  }
}
