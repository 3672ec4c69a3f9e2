/**
 * What one host has said and the caller's stream has not taken yet. Blocks of the same log are put
 * together while they wait: a program that prints a short line each second would otherwise fill its
 * credit with thousands of blocks, each of which costs more than the line in it.
 */
import { LOG_BLOCK_MAX_BYTES, type LogBlock, type LogNews } from '../../proto/log-messages.ts';
import type { HostId } from '../../proto/vocabulary.ts';

type Block = Extract<LogNews, { readonly kind: 'block' }>;
/** What befell the reading itself. */
type Turn = Extract<LogNews, { readonly kind: 'note' | 'ended' | 'lost' | 'resumed' }>;

export interface HostBacklog {
  readonly addBlock: (block: LogBlock) => void;
  /** Blocks that come after it stay behind it. */
  readonly addTurn: (turn: Turn) => void;
  /** The oldest; null where there is none. */
  readonly take: () => Block | Turn | null;
  readonly isEmpty: () => boolean;
}

/**
 * Beyond it gaps are told together, too early but in full: an agent that told of one before each byte
 * would otherwise make of its credit a hundred megabytes of blocks.
 */
const WAITING_APART_MAX = 1_000;

export function createHostBacklog(host: HostId): HostBacklog {
  const waiting: { news: Block | Turn }[] = [];
  /** Of each log the place that its next block may join. */
  const open = new Map<string, { news: Block }>();

  return {
    addBlock(block) {
      const key = keyOf(block);
      const place = open.get(key);
      const isCrowded = waiting.length >= WAITING_APART_MAX;
      const joined = place === undefined ? null : joinedBlock(place.news, block, isCrowded);
      if (place !== undefined && joined !== null) {
        place.news = joined;
        return;
      }
      const next = { news: { kind: 'block', host, ...block } as const };
      open.set(key, next);
      waiting.push(next);
    },
    addTurn(turn) {
      open.clear();
      waiting.push({ news: turn });
    },
    take() {
      const oldest = waiting.shift()?.news ?? null;
      if (oldest?.kind === 'block' && open.get(keyOf(oldest))?.news === oldest) {
        open.delete(keyOf(oldest));
      }
      return oldest;
    },
    isEmpty: () => waiting.length === 0,
  };
}

const keyOf = ({ channel, process }: LogBlock): string => `${channel} ${process}`;

/** Null where they would be too long, or what was skipped between them could not be told. */
function joinedBlock(first: Block, second: LogBlock, isCrowded: boolean): Block | null {
  const bytes = first.data.byteLength + second.data.byteLength;
  if (bytes > LOG_BLOCK_MAX_BYTES) return null;
  const hasGap = second.skippedBytes > 0 || second.skippedMore;
  if (hasGap && first.data.byteLength > 0 && !isCrowded) return null;
  return {
    ...first,
    data: Buffer.concat([first.data, second.data]),
    // What is not exact, the caller would refuse, and with it all that the others say.
    skippedBytes: Math.min(Number.MAX_SAFE_INTEGER, first.skippedBytes + second.skippedBytes),
    skippedMore: first.skippedMore || second.skippedMore,
  };
}
