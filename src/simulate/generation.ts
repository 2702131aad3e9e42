import type { Ask } from './ask.ts';
import { between, type Random } from './random.ts';

/** An answer to be given: its words are its tokens. */
export interface Generation {
  readonly ask: Ask;
  /** Without a prefix: `0f3a…`. */
  readonly id: string;
  readonly createdSeconds: number;
  readonly words: readonly string[];
  /** Whether `max_tokens` ended it. */
  readonly cut: boolean;
}

const VOCABULARY = ['the', 'model', 'says', 'that', 'all', 'is', 'well', 'and', 'will', 'stay', 'so', 'for', 'now'];
const SHORTEST = 8;
const LONGEST = 64;
/** Bounds the memory of one answer, whatever `max_tokens` says. */
const MOST_TOKENS = 8_192;

/** The same random numbers give the same answer. `max_tokens` sets its length exactly, so that callers can choose it. */
export function generate(ask: Ask, random: Random, nowMs: number): Generation {
  const id = between(random, 0, 0xffffffff).toString(16).padStart(8, '0');
  const length = Math.min(ask.maxTokens ?? between(random, SHORTEST, LONGEST), MOST_TOKENS);
  const words = Array.from({ length }, () => VOCABULARY[between(random, 0, VOCABULARY.length - 1)] ?? '');
  return { ask, id, createdSeconds: Math.floor(nowMs / 1000), words, cut: ask.maxTokens !== undefined };
}

/** The whole text; in a stream each word but the first brings the space before it. */
export function textOf({ words }: Generation): string {
  return words.join(' ');
}
