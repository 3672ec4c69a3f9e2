/** Waiting for what another process does: it is looked at again and again until it is so. */

/** Short beside every band in which times are compared, and cheap with a dozen daemons at once. */
const LOOK_EVERY_MS = 25;

export const sleep = (delayMs: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, delayMs));

/** @returns whether it came to be so within the limit */
export async function waitUntil(
  isSo: () => boolean | Promise<boolean>,
  limitMs: number,
): Promise<boolean> {
  const endMs = performance.now() + limitMs;
  while (!(await isSo())) {
    if (performance.now() > endMs) return false;
    await sleep(LOOK_EVERY_MS);
  }
  return true;
}
