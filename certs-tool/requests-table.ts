/** What somebody reads before they sign: who asks for what, why, from where, and by which key. */
import { holderText } from '../proto/identity-name.ts';
import { formatAddresses } from '../proto/pki/addresses.ts';
import type { FiledRequest } from '../proto/pki/request-file.ts';
import { DEFAULT_DAYS } from './issue.ts';

/** Two lines for each request, then what deserves a second look. */
export function requestsTable(requests: readonly FiledRequest[], fleet: string): string {
  const holders = requests.map(holderText);
  const holderWidth = Math.max(...holders.map((holder) => holder.length));
  const daysWidth = Math.max(...requests.map(({ days }) => daysText(days).length));
  const rows = requests.map((request, index) => {
    const holder = (holders[index] ?? '').padEnd(holderWidth);
    return `  ${holder}  ${daysText(request.days).padStart(daysWidth)}  ${circumstances(request)}\n    key ${request.keyHash}\n`;
  });
  const warnings = [...longLives(requests), ...repeats(holders)];
  return [
    `certificates of fleet "${fleet}" are asked for:\n`,
    ...rows,
    ...warnings.map((warning) => `warning: ${warning}\n`),
  ].join('');
}

const daysText = (days: number): string => (days === 1 ? '1 day' : `${days} days`);

function circumstances({ because, address, addresses }: FiledRequest): string {
  const from = address === null ? '' : `, from ${address}`;
  const reached = addresses === undefined ? '' : `, reached at ${formatAddresses(addresses)}`;
  return `${because}${from}${reached}`;
}

function longLives(requests: readonly FiledRequest[]): readonly string[] {
  return requests
    .filter(({ kind, days }) => days > DEFAULT_DAYS[kind])
    .map(
      (request) =>
        `${holderText(request)} asks for ${daysText(request.days)}; usual are ${DEFAULT_DAYS[request.kind]}`,
    );
}

/** A second key for a name is what somebody would ask for who wants to pass for its holder. */
function repeats(holders: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const holder of holders) counts.set(holder, (counts.get(holder) ?? 0) + 1);
  return [...counts]
    .filter(([, count]) => count > 1)
    .map(([holder, count]) => `${holder} is asked for ${count} times`);
}
