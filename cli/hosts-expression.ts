/**
 * The way of every `--hosts` to the controller: `file:PATH` and `-` in it are replaced by the names
 * that stand there. Only then is the grammar loaded, which takes longer than most commands need.
 */
import type { Environment } from './ports.ts';

/** True too often (`env="file:x"`), never too seldom; the grammar decides. */
const MAY_HAVE_LISTS = /file:|(?:^|[\s,!&^(])-(?:$|[\s,!&^)])/;

/**
 * @param readText refuses what is too large, or no text
 * @returns what the controller understands; throws a `FleetError` where that cannot be made
 */
export async function resolveHosts(
  selector: string,
  readText: Environment['readText'],
): Promise<string> {
  if (!MAY_HAVE_LISTS.test(selector)) return selector;
  const { replaceLists } = await import('./host-lists.ts');
  return replaceLists(selector, readText);
}
