import { readFileSync, statSync } from 'node:fs';

/** Keys are short; a larger file is some other file. */
const MAX_KEY_FILE_BYTES = 64 * 1024;

/** The key in a text: white space around it, such as the newline that editors add, is none of it. Throws an Error that does not quote it. */
export function keyIn(text: string): string {
  const key = text.trim();
  if (key === '') throw new Error('is empty');
  if (!/^[\x21-\x7e]+$/.test(key)) throw new Error('holds more than one word, or characters that no header can carry');
  return key;
}

/** The key in a file. Throws an Error that says what is wrong with it and quotes nothing of it. */
export function readKeyFile(file: string): string {
  if (statSync(file).size > MAX_KEY_FILE_BYTES) throw new Error(`is larger than ${MAX_KEY_FILE_BYTES} bytes`);
  return keyIn(readFileSync(file, 'latin1'));
}
