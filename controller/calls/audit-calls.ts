/** What is on record, read and verified: the part of the `Authority` service that only looks back. */
import type { ServerWritableStream, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { AuditQuery } from '../../proto/audit.ts';
import {
  decodeAuditQuery,
  decodeKnownHead,
  encodeAuditRow,
  encodeAuditVerdict,
} from '../../proto/codec/audit.ts';
import { refuseStream } from '../../proto/codec/error.ts';
import { FleetError } from '../../proto/errors.ts';
import { onStreamEnd } from '../../proto/stream-end.ts';
import type { Guard } from '../door/guard.ts';
import type { Store } from '../ports.ts';

export type AuditStore = Pick<Store, 'auditRows' | 'verifyAudit'>;

type WireQuery = Parameters<typeof decodeAuditQuery>[0];
type WireHead = Parameters<typeof decodeKnownHead>[0];

type AuditCall = ServerWritableStream<
  WireQuery,
  { readonly rows: ReturnType<typeof encodeAuditRow>[] }
>;

export interface AuditOptions {
  readonly store: AuditStore;
  readonly guard: Guard;
}

export function auditHandlers({ store, guard }: AuditOptions): UntypedServiceImplementation {
  return {
    ReadAudit: (call: AuditCall) =>
      guard.stream('Authority.ReadAudit', call, () => {
        void tellRows(call, store, decodeAuditQuery(call.request));
      }),
    VerifyAudit: guard.unary('Authority.VerifyAudit', async (request: WireHead) =>
      encodeAuditVerdict(await store.verifyAudit(decodeKnownHead(request))),
    ),
  };
}

/** A record may be longer than memory: the next rows are read when the last have gone out. */
async function tellRows(call: AuditCall, store: AuditStore, query: AuditQuery): Promise<void> {
  let isOver = false;
  let goOn = (): void => undefined;
  onStreamEnd(call, () => {
    isOver = true;
    goOn();
  });
  try {
    let after: number | null = null;
    let wanted = query.limit > 0 ? query.limit : Number.POSITIVE_INFINITY;
    while (wanted > 0) {
      const rows = (await store.auditRows(query, after)).slice(0, wanted);
      const last = rows.at(-1);
      if (isOver) return;
      if (last === undefined) break;
      after = last.seq;
      wanted -= rows.length;
      await new Promise<void>((resolve) => {
        goOn = resolve;
        // The callback, not `drain`: it comes when HTTP/2's flow control has let the message go.
        call.write({ rows: rows.map(encodeAuditRow) }, () => resolve());
      });
    }
    call.end();
  } catch (error) {
    refuseStream(call, FleetError.refusalFrom(error));
  }
}
