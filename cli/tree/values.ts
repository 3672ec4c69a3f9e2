/** Reads the values of options. What is not understood is refused with what would be. */
import { InvalidArgumentError, Option } from 'commander';
import { isNotUnderstood, type NotUnderstood, parseDuration } from '../../proto/strategy-text.ts';

/** An option whose value `parse` reads. */
export function valueOption<Value>(
  flags: string,
  description: string,
  parse: (text: string) => Value | NotUnderstood,
): Option {
  return new Option(flags, description).argParser((text: string) => understood(parse(text)));
}

/** `30`, `30s`, `5m`, `2h`, `3d`. */
export function parseDurationMs(text: string): number {
  return understood(parseDuration(text));
}

/** A whole number from 1 on. Nine digits fit the wire, and no fleet needs more. */
export function parseCount(text: string): number {
  if (/^\d{1,9}$/.test(text) && Number(text) > 0) return Number(text);
  throw new InvalidArgumentError('Expected is a whole number from 1 on.');
}

/** As `parseCount`; 0 means as many as there are. */
export function parseLimit(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected is a whole number; 0 means all.');
}

function understood<Value>(value: Value | NotUnderstood): Value {
  if (!isNotUnderstood(value)) return value;
  throw new InvalidArgumentError(`Expected is ${value.expected}.`);
}
