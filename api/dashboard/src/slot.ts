// The live connections of all tabs together. Over HTTP/1.1 a browser opens six to a host, and other requests need some.
const COUNT = 3;
const LEASE_MS = 15_000;
const KEYS = Array.from({ length: COUNT }, (_, n) => `nas.stream.${n}`);

type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** The right of one tab to a live connection. It ends by itself, so that a tab that crashed keeps none. */
export class Slot {
  private readonly holder = Math.random().toString(36).slice(2);
  private mine: string | null = null;

  constructor(
    private readonly store: () => Store = () => localStorage,
    private readonly now: () => number = Date.now,
  ) {}

  /** Take the right, or renew it within LEASE_MS; false if other tabs have all there are. */
  take(): boolean {
    try {
      const free = (key: string) => this.free(this.store().getItem(key));
      this.mine = this.mine !== null && free(this.mine) ? this.mine : (KEYS.find(free) ?? null);
      if (this.mine) this.store().setItem(this.mine, JSON.stringify([this.holder, this.now() + LEASE_MS]));
      return this.mine !== null;
    } catch {
      return true; // the browser stores nothing for this page
    }
  }

  release(): void {
    if (this.mine !== null && this.free(this.store().getItem(this.mine))) this.store().removeItem(this.mine);
    this.mine = null;
  }

  private free(value: string | null): boolean {
    const [holder, until] = value === null ? [null, 0] : (JSON.parse(value) as [string, number]);
    const now = this.now();
    return holder === this.holder || until <= now || until > now + LEASE_MS;
  }
}
