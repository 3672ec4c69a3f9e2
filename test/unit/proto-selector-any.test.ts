/**
 * Any expression, in either notation and however it is spaced and parenthesised, against the set
 * algebra that it stands for, worked out the plain way.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { foldedList } from '../../proto/selector/fold.ts';
import { aFleetView, aHostView, groupsOf, select } from '../fakes/selector-fleet.ts';

const HOSTS = ['a', 'a1', 'a2', 'a01', 'b', 'b1', 'b2', 'and'];
const FLEET = aFleetView(
  HOSTS.map((name) => aHostView(name, { labels: name.startsWith('b') ? { env: 'prod' } : {} })),
  { groups: groupsOf({ ones: '*1', rest: 'not a*' }) },
);

/** Terms of the grammar, each with what it means, by exhaustive thinking. */
const MEANINGS: Readonly<Record<string, readonly string[]>> = {
  a: ['a'],
  b1: ['b1'],
  'a*': ['a', 'a1', 'a2', 'a01', 'and'],
  '*1': ['a1', 'a01', 'b1'],
  'b?': ['b1', 'b2'],
  'c*': [],
  'a[1-2]': ['a1', 'a2'],
  'a[01,1]': ['a01', 'a1'],
  '?[1-2]': ['a1', 'a2', 'b1', 'b2'],
  '~^(a|b)$': ['a', 'b'],
  '~[^ab]': ['a1', 'a2', 'a01', 'b1', 'b2', 'and'],
  '@*': HOSTS,
  '@ones': ['a1', 'a01', 'b1'],
  '@rest': ['b', 'b1', 'b2'],
  '@env:prod': ['b', 'b1', 'b2'],
  'env=prod': ['b', 'b1', 'b2'],
  'env != prod': ['a', 'a1', 'a2', 'a01', 'and'],
  'env in (prod, dev)': ['b', 'b1', 'b2'],
  'has(role)': [],
};

type Tree =
  | { readonly kind: 'term'; readonly text: string }
  | { readonly kind: 'symbols'; readonly first: Tree; readonly rest: readonly Link[] }
  /** Joined by `or`, each joined by `and`. */
  | { readonly kind: 'words'; readonly alternatives: readonly (readonly Factor[])[] };

type Link = readonly [operator: string, operand: Tree];
type Factor = readonly [isNegated: boolean, operand: Tree];

const SHORT = { minLength: 1, maxLength: 2 } as const;

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...Object.keys(MEANINGS)).map((text): Tree => ({ kind: 'term', text })),
    fc
      .tuple(tie('tree'), fc.array(fc.tuple(fc.constantFrom(...',!&^'), tie('tree')), SHORT))
      .map(([first, rest]): Tree => ({ kind: 'symbols', first, rest })),
    fc
      .array(fc.array(fc.tuple(fc.boolean(), tie('tree')), SHORT), SHORT)
      .map((alternatives): Tree => ({ kind: 'words', alternatives })),
  ),
}));

/** Draws the spaces and parentheses that nobody needs. */
type Layout = (choices: number) => number;

function layoutOf(draws: readonly number[]): Layout {
  let at = 0;
  return (choices) => {
    at += 1;
    return (draws[at % draws.length] ?? 0) % choices;
  };
}

const SPACES = ['', ' ', '  ', '\n', '\t '];

function write(node: Tree, layout: Layout): string {
  const space = () => SPACES[layout(SPACES.length)] ?? '';
  const gap = () => ` ${space()}`;
  const nested = (inner: Tree): string => {
    const isBare = inner.kind === 'term' && layout(4) > 0;
    return isBare ? inner.text : `(${space()}${write(inner, layout)}${space()})`;
  };
  switch (node.kind) {
    case 'term':
      return node.text;
    case 'symbols': {
      const rest = node.rest.map(([operator, operand]) => {
        return `${space()}${operator}${space()}${nested(operand)}`;
      });
      return nested(node.first) + rest.join('');
    }
    case 'words':
      return node.alternatives
        .map((factors) =>
          factors
            .map(([isNegated, operand]) => (isNegated ? `not${gap()}` : '') + nested(operand))
            .join(`${gap()}and${gap()}`),
        )
        .join(`${gap()}or${gap()}`);
  }
}

interface Naive {
  readonly hosts: ReadonlySet<string>;
  /** Somewhere, all but nobody was asked for. */
  readonly hasEmptyComplement: boolean;
}

const allBut = (hosts: ReadonlySet<string>): ReadonlySet<string> =>
  new Set(HOSTS.filter((host) => !hosts.has(host)));

function naive(node: Tree): Naive {
  switch (node.kind) {
    case 'term':
      return { hosts: new Set(MEANINGS[node.text]), hasEmptyComplement: false };
    case 'symbols':
      return node.rest.reduce((left, [operator, operand]) => {
        return naiveJoin(left, operator, naive(operand));
      }, naive(node.first));
    case 'words':
      return node.alternatives
        .map((factors) =>
          factors
            .map(([isNegated, operand]) => {
              const { hosts, hasEmptyComplement } = naive(operand);
              const isEmpty = hasEmptyComplement || (isNegated && hosts.size === 0);
              return { hosts: isNegated ? allBut(hosts) : hosts, hasEmptyComplement: isEmpty };
            })
            .reduce((left, right) => naiveJoin(left, '&', right)),
        )
        .reduce((left, right) => naiveJoin(left, ',', right));
  }
}

function naiveJoin(left: Naive, operator: string, right: Naive): Naive {
  const hosts = HOSTS.filter((host) => {
    const [a, b] = [left.hosts.has(host), right.hosts.has(host)];
    if (operator === ',') return a || b;
    if (operator === '&') return a && b;
    return operator === '!' ? a && !b : a !== b;
  });
  const hasEmptyComplement = left.hasEmptyComplement || right.hasEmptyComplement;
  return { hosts: new Set(hosts), hasEmptyComplement };
}

test('any expression means what set algebra says, however it is written', () => {
  const draws = fc.array(fc.nat(60), { minLength: 1, maxLength: 20 });
  let understood = 0;
  fc.assert(
    fc.property(tree, draws, (node, drawn) => {
      const text = write(node, layoutOf(drawn));
      const selected = select(text, FLEET);
      const wanted = naive(node);
      if (!('code' in selected)) {
        understood += 1;
        return assert.deepEqual(new Set(selected), wanted.hosts, text);
      }
      if (selected.code === 'nothing-matched') return assert.equal(wanted.hosts.size, 0, text);
      assert.ok(wanted.hasEmptyComplement, `${text}: ${selected.message}\n${selected.cause}`);
      assert.match(selected.message, /every host/, text);
    }),
    { numRuns: 200 },
  );
  assert.ok(understood > 60, `only ${understood} mean a host`);
});

test('any names, folded, mean exactly themselves', () => {
  const name = fc.stringMatching(/^[a-c]{1,2}-?(?:0{0,2}[1-9]?[0-9])?(?:\.[ab][0-9]?)?$/);
  fc.assert(
    fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 30 }), (names) => {
      const others = HOSTS.filter((host) => !names.includes(host));
      const selected = select(foldedList(names), aFleetView([...names, ...others]));
      assert.deepEqual(selected, names);
    }),
    { numRuns: 200 },
  );
});

test('whatever is typed, a host of the fleet is meant, or a refusal says why', () => {
  const piece = fc.constantFrom(
    ...'ab12*?,![]()-/@ .&^~"=:<'.split(''),
    ...['and ', ' or ', 'not ', 'in ', 'has(', 'env', 'proc:', 'op:', 'ip:', 'file:', '.state'],
  );
  const typed = fc.oneof(
    fc.array(piece, { maxLength: 14 }).map((all) => all.join('')),
    fc.string(),
  );
  fc.assert(
    fc.property(typed, (text) => {
      const selected = select(text, FLEET);
      if ('code' in selected) {
        assert.ok(['usage', 'nothing-matched'].includes(selected.code), text);
        return assert.ok(selected.message.length > 0 && selected.cause !== null, text);
      }
      assert.ok(selected.length > 0);
      const isSaid = /[*?~=]|not/.test(text) || selected.length < HOSTS.length;
      assert.ok(isSaid || text.split(/[,!]/).length >= HOSTS.length, text);
    }),
    { numRuns: 500 },
  );
});
