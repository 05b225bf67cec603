// A time, seen from now; the exact one for those who point at it.
import { ago, exactly } from "../format";

export function Ago({ time }: { time: string | null | undefined }) {
  if (!time) return <span>never</span>;
  return (
    <time dateTime={time} title={exactly(time)}>
      {ago(time)}
    </time>
  );
}
