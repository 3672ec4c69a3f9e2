/** Sizes as people read them, in the units of the configuration, where a KB is 1024 bytes. */

const UNITS = ['bytes', 'KB', 'MB', 'GB'] as const;

/** `512 MB`, `1.5 GB`, `900 bytes`. */
export function formatBytes(bytes: number): string {
  let size = Math.max(0, bytes);
  let unit = 0;
  // Not 1024: what is rounded up to that belongs to the next unit.
  while (size >= 1023.5 && unit < UNITS.length - 1) {
    size /= 1024;
    unit += 1;
  }
  const shown = unit === 0 || size >= 99.95 ? String(Math.round(size)) : shortDecimal(size);
  return `${shown} ${UNITS[unit]}`;
}

/** `1.5`, and `2` for what would be `2.0`. */
function shortDecimal(size: number): string {
  return size.toFixed(1).replace(/\.0$/, '');
}
