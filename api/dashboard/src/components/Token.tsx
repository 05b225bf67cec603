// A secret that is shown this once, and what it is for.
import { Code } from "./Code";

export function Token({ secret, use }: { secret: string; use: string }) {
  return (
    <div class="notice" role="status" data-testid="token">
      <p>It is shown only now: {use}</p>
      <Code text={secret} label="Secret" />
    </div>
  );
}
