import { hash, randomBytes } from 'node:crypto';

/** A set of API keys that cannot be read out of it. */
export interface KeySet {
  has(key: string): boolean;
}

/**
 * Keeps and compares salted hashes only. The salt is secret and new for each set, so nobody outside can aim at a hash: how long a
 * look-up takes tells nothing of how much of a guessed key is right. It takes the same for one key or thousands.
 */
export function createKeySet(keys: Iterable<string>): KeySet {
  const salt = randomBytes(32).toString('base64');
  const digest = (key: string): string => hash('sha256', salt + key, 'base64');
  const known = new Set(Array.from(keys, digest));
  return { has: (key) => known.has(digest(key)) };
}
