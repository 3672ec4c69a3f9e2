/**
 * Signals as Supervisor takes them, in a file and on the host's command line: by name or by number,
 * `SIG` and case at will (datatypes.py, `signal_number`). A number means what this host's system
 * says.
 */
import { strip } from './white-space.ts';
import { wholeNumber } from './whole-number.ts';

/**
 * @param signals those that Node has a name for, such as `os.constants.signals`
 * @returns the name without `SIG`, or the number of a signal without a name; null: there is no such
 */
export function parseSignal(
  text: string,
  signals: Readonly<Record<string, number>>,
): string | null {
  const wanted = `SIG${strip(text).toUpperCase().replace(/^SIG/, '')}`;
  const wantedNumber = wholeNumber(text);
  const found = Object.entries(signals).find(
    ([signal, number]) => signal === wanted || number === wantedNumber,
  );
  if (found !== undefined) return found[0].slice('SIG'.length);
  if (!('SIGPWR' in signals)) return null;
  const other = Object.entries(WITHOUT_A_NAME).find(
    ([signal, number]) => signal === wanted || number === String(wantedNumber),
  );
  return other?.[1] ?? null;
}

/** On Linux, which is told by its SIGPWR, Python knows these as well. */
const WITHOUT_A_NAME: Readonly<Record<string, string>> = {
  SIGCLD: 'CHLD',
  SIGRTMIN: '34',
  SIGRTMAX: '64',
};
