import { useState } from "preact/hooks";

/** Text with a button that copies it. */
export function Code({ text, label = "Code" }: { text: string; label?: string }) {
  const [copied, setCopied] = useState(false);
  const copy = () => {
    void navigator.clipboard?.writeText(text).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 1500);
    });
  };
  return (
    <div class="code">
      <pre tabIndex={0} aria-label={label}>
        <code>{text}</code>
      </pre>
      {navigator.clipboard && (
        <button type="button" class="copy" onClick={copy}>
          {copied ? "copied" : "copy"}
        </button>
      )}
    </div>
  );
}
