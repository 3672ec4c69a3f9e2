/** What a reader of a log has missed and was not told of yet, and whether it stands within a line. */

export interface Loss {
  /** Known to be lost. */
  readonly skippedBytes: number;
  /** And nobody knows how much more. */
  readonly skippedMore: boolean;
  /** What comes behind it may be the rest of a line. */
  readonly isMidLine: boolean;
}

export class LogGap {
  isMidLine = false;
  #skippedBytes = 0;
  #skippedMore = false;

  add({ skippedBytes, skippedMore, isMidLine }: Loss): void {
    this.#skippedBytes += skippedBytes;
    this.#skippedMore ||= skippedMore;
    this.isMidLine ||= isMidLine;
  }

  /** Null: nothing was missed. With this it is told. */
  take(): Omit<Loss, 'isMidLine'> | null {
    const [skippedBytes, skippedMore] = [this.#skippedBytes, this.#skippedMore];
    this.#skippedBytes = 0;
    this.#skippedMore = false;
    return skippedBytes > 0 || skippedMore ? { skippedBytes, skippedMore } : null;
  }
}

export const NO_LOSS: Loss = { skippedBytes: 0, skippedMore: false, isMidLine: false };
