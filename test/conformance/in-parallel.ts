/** Works through a list with so many at once, and hands on the results in the list's order. */

export async function inParallel<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item, index: number) => Promise<Result>,
  onNext: (result: Result) => void,
): Promise<readonly Result[]> {
  const results: (Result | undefined)[] = items.map(() => undefined);
  let nextIndex = 0;
  let handedOn = 0;
  const worker = async (): Promise<void> => {
    for (let index = nextIndex++; index < items.length; index = nextIndex++) {
      const item = items[index];
      if (item === undefined) return;
      results[index] = await work(item, index);
      for (let ready = results[handedOn]; ready !== undefined; ready = results[handedOn]) {
        onNext(ready);
        handedOn += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results.filter((result) => result !== undefined);
}
