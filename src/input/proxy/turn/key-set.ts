import { createHmac, randomBytes } from 'node:crypto';

/** A set of API keys that cannot be read out of it. */
export interface KeySet {
  has(key: string): boolean;
}

/**
 * Keeps and compares keyed hashes only. The secret is new for each set, so nobody outside can aim at a hash: how long a
 * look-up takes tells nothing of how much of a guessed key is right. It takes the same for one key or thousands.
 */
export function createKeySet(keys: Iterable<string>): KeySet {
  const secret = randomBytes(32);
  const digest = (key: string): string => createHmac('sha256', secret).update(key).digest('base64');
  const known = new Set(Array.from(keys, digest));
  return { has: (key) => known.has(digest(key)) };
}
