/**
 * The few colours of fleetctl. They repeat what the words already say, never more. Written out
 * because `util.styleText` came with Node 20.12 and we run from 20.11 on.
 */

export type Tone = 'good' | 'busy' | 'bad' | 'faint';
export type Paint = (text: string, tone: Tone | null) => string;

/** SGR parameters (ECMA-48 §8.3.117). */
const SGR: Readonly<Record<Tone, number>> = { good: 32, busy: 33, bad: 31, faint: 2 };

export function painter(colours: boolean): Paint {
  if (!colours) return (text) => text;
  return (text, tone) => (tone === null ? text : `\u001b[${SGR[tone]}m${text}\u001b[0m`);
}
