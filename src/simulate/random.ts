/** A sequence of numbers in [0, 1) that is the same for the same seed on every machine. */
export type Random = () => number;

/** Mulberry32: 32 bits of state, good enough to draw faults and lengths; never for secrets. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** FNV-1a over the parts: gives each request a seed of its own, so that its answer does not depend on its neighbours. */
export function seedFrom(...parts: readonly (number | string)[]): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(parts.join('\0'))) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** A whole number between `low` and `high`, both included. */
export function between(random: Random, low: number, high: number): number {
  return low + Math.floor(random() * (high - low + 1));
}
