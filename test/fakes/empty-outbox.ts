/** What a new journal has of the outbox. */
import type { OutboxRecord } from '../../agent/core/outbox.ts';

export const EMPTY_OUTBOX: OutboxRecord = { nextSeq: 1, pending: [] };
