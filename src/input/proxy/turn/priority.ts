import { DEFAULT_PRIORITY } from '../../../config/proxy/schema-throttle.ts';
import { presentedKeys } from '../../../provider/headers/credentials.ts';
import { headerValues } from '../../../provider/headers/parsed-headers.ts';
import type { RequestHead } from '../http/request-head.ts';
import { createMatcher, type RouteMatch } from '../routing/matcher.ts';
import { parseTarget, resolvePath } from '../routing/target.ts';
import type { KeySet } from './key-set.ts';

/** A priority and who has it: all that is named must fit. Plain data. */
export interface Priority extends Pick<RouteMatch, 'pathPrefix' | 'header'> {
  /** Value of the priority label. */
  readonly name: string;
  /** File with the API keys that have it. */
  readonly keyFile?: string | undefined;
}

/** What a priority is told by. */
export type RankedRequest = Pick<RequestHead, 'url' | 'headers'>;

/** The order of priorities, highest first; the rank of one is its place in it. */
export interface Ranking {
  priorityOf(request: RankedRequest): string;
  /** A priority that is no more ranks as the default does. */
  rankOf(priority: string): number;
}

/** `keysIn` is asked once for each file. */
export function createRanking(priorities: readonly Priority[], keysIn: (file: string) => KeySet): Ranking {
  const ranks = new Map(priorities.map(({ name }, rank) => [name, rank]));
  const tests = priorities.map((priority) => ({ name: priority.name, fits: createTest(priority, keysIn) }));
  return {
    priorityOf: (request) => tests.find(({ fits }) => fits(request))?.name ?? DEFAULT_PRIORITY,
    rankOf: (priority) => ranks.get(priority) ?? priorities.length,
  };
}

function createTest({ pathPrefix, header, keyFile }: Priority, keysIn: (file: string) => KeySet) {
  const matches = createMatcher({ pathPrefix, header });
  const keys = keyFile === undefined ? undefined : keysIn(keyFile);
  return (request: RankedRequest): boolean => {
    // By the path that clients wrote: what the proxy takes off before it forwards does not matter.
    const { path = '' } = parseTarget(request.url) ?? {};
    const header = (name: string): readonly string[] => headerValues(request.headers, name);
    if (matches({ path: resolvePath(path) ?? path, host: '', header }) === undefined) return false;
    return keys === undefined || presentedKeys(request.headers).some((key) => keys.has(key));
  };
}
