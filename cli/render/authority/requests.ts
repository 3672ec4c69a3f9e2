/** Who waits for a certificate, and why: what whoever signs has to judge. */
import type { PendingRequest } from '../../../proto/certificates.ts';
import { holderText } from '../../../proto/identity-name.ts';
import type { Paint } from '../paint.ts';
import { cell, renderTable } from '../table.ts';
import { formatDistance, formatTimestamp } from '../time.ts';

export function renderRequests(
  requests: readonly PendingRequest[],
  nowMs: number,
  paint: Paint,
): string {
  if (requests.length === 0) return 'nobody waits for a certificate\n';
  const rows = requests.map((request) => [
    cell(holderText(request)),
    cell(request.because),
    cell(request.address),
    cell(`${formatDistance(nowMs - request.requestedAtMs)} ago`),
    cell(request.days),
    cell(request.keyHash),
  ]);
  const table = renderTable(['HOLDER', 'BECAUSE', 'FROM', 'ASKED', 'DAYS', 'KEY'], rows, paint);
  return `${table}next: fleetctl cert requests --output FILE\n`;
}

export function requestItem(request: PendingRequest): object {
  const { kind, name, keyHash, csrPem, days, because, address, requestedAtMs } = request;
  return {
    holder: holderText(request),
    ...{ kind, name, keyHash, csrPem, days, because, address },
    requestedAt: formatTimestamp(requestedAtMs),
  };
}
