/**
 * One request for a certificate at a time. It may be under way for days, while somebody has yet to
 * sign; then it can be given up, and what comes of it afterwards counts no more.
 */
import type { Refusal } from '../../proto/errors.ts';
import type { Issued } from '../../proto/pki/issued.ts';
import { reasonFor } from './reasons.ts';

export type RequestKind = 'renewal' | 'return';

export interface RequestEnd {
  readonly succeeded: (issued: Issued) => void;
  /** Also where `succeeded` could not do what it does with files. */
  readonly failed: (because: Refusal) => void;
}

export class OneRequest {
  #underWay: { readonly kind: RequestKind; readonly end: AbortController } | null = null;

  /** Null: none is under way. */
  get kind(): RequestKind | null {
    return this.#underWay?.kind ?? null;
  }

  begin(
    kind: RequestKind,
    request: (signal: AbortSignal) => Promise<Issued>,
    { succeeded, failed }: RequestEnd,
  ): void {
    const underWay = { kind, end: new AbortController() };
    this.#underWay = underWay;
    const end = (settle: () => void): void => {
      if (this.#underWay !== underWay) return;
      this.#underWay = null;
      try {
        settle();
      } catch (error) {
        failed(reasonFor(error));
      }
    };
    request(underWay.end.signal).then(
      (issued) => end(() => succeeded(issued)),
      (error) => end(() => failed(reasonFor(error))),
    );
  }

  giveUp(): void {
    this.#underWay?.end.abort();
    this.#underWay = null;
  }
}
