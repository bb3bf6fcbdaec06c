import type { LitElement } from "lit";

type Constructor<T> = abstract new (...args: any[]) => T;

export function Announces<Base extends Constructor<LitElement>>(base: Base) {
  abstract class Announcing extends base {
    static readonly event = "changed";

    announce(detail: unknown): boolean {
      return this.dispatchEvent(new CustomEvent(Announcing.event, { detail, bubbles: true, composed: true }));
    }
  }
  return Announcing;
}
