/** What news of logs become: bytes for stdout, words for stderr, in this order. */
import type { LogNews } from '../../../proto/log-messages.ts';

export interface Piece {
  readonly stdout: Uint8Array | null;
  readonly stderr: string;
}

/** Called with all news of one call, in their order. */
export type LogRenderer = (news: LogNews) => Piece;

export interface LogScreen {
  /** A terminal obeys what it is told, so nothing that it would obey may reach it. */
  readonly isTerminal: boolean;
  readonly colours: boolean;
  readonly follow: boolean;
}
