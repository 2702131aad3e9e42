import { readFileSync, statSync } from 'node:fs';
import { keyIn } from './api-key.ts';

/** Room for thousands of keys; a larger file is some other file. */
const MAX_FILE_BYTES = 1024 * 1024;

/**
 * The API keys in a file, one a line; empty lines and those that begin with # are none. Throws an Error that says what is wrong and quotes
 * nothing of it.
 */
export function readPriorityKeys(file: string): readonly string[] {
  if (statSync(file).size > MAX_FILE_BYTES) throw new Error(`is larger than ${MAX_FILE_BYTES} bytes`);
  const keys = readFileSync(file, 'latin1')
    .split('\n')
    .flatMap((text, index) => keyOfLine(text.trim(), index + 1));
  if (keys.length === 0) throw new Error('holds no key');
  return keys;
}

function keyOfLine(text: string, line: number): string[] {
  if (text === '' || text.startsWith('#')) return [];
  try {
    return [keyIn(text)];
  } catch (error) {
    throw new Error(`line ${line} ${error instanceof Error ? error.message : String(error)}`);
  }
}
