/** Order in which `prod-2` comes before `prod-10`, the same in every locale. */

export function compareNatural(left: string, right: string): number {
  const lefts = left.split(/(\d+)/);
  const rights = right.split(/(\d+)/);
  for (let index = 0; index < Math.min(lefts.length, rights.length); index += 1) {
    const order = comparePart(lefts[index] as string, rights[index] as string, index % 2 === 1);
    if (order !== 0) return order;
  }
  // Equal but for leading zeros, or one is the beginning of the other.
  return lefts.length - rights.length || compareText(left, right);
}

function comparePart(left: string, right: string, areDigits: boolean): number {
  if (!areDigits) return compareText(left, right);
  // Digits of any length, so no conversion to a number.
  const [leftDigits, rightDigits] = [left.replace(/^0+/, ''), right.replace(/^0+/, '')];
  return leftDigits.length - rightDigits.length || compareText(leftDigits, rightDigits);
}

function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
