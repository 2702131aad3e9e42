import type { LineParser } from '../parsed-line.ts';
import { createFastParser } from '../scan/fast-parser.ts';
import type { LogFormat } from './log-format.ts';
import { createScanner, createSignTest, type KindOptions } from './reader/kind-reader.ts';
import { createReferenceParser, isJson } from './reference-parser.ts';

/** Reads lines of the kinds given, as the reference parser does. Only the first kind of JSON and the first of text are scanned. */
export function createKnownParser(kinds: readonly LogFormat[], options: KindOptions): LineParser {
  const json = kinds.filter(isJson);
  const firstJson = json[0];
  const firstText = kinds.find((kind) => !isJson(kind));
  const scanners = {
    json:
      firstJson && createScanner(firstJson, options, createSignTest(json.length > 1 ? (firstJson.signs ?? []) : [])),
    text: firstText && createScanner(firstText, options, () => true),
  };
  return createFastParser(createReferenceParser(kinds, options), () => scanners);
}
