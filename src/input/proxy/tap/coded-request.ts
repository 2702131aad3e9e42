import { createRequestBodyScanner, type RequestBodyScanner } from '../../../provider/request-body.ts';
import type { Decode } from './decode.ts';
import { createGathered } from './gathered.ts';

/** A scanner of a coded body, which must be told when that has ended. */
export interface CodedScanner extends RequestBodyScanner {
  end(): void;
}

/** Most of a coded body that is looked at: text that packs to this is more than is unpacked, which takes some 2 ms in which nothing else is done. */
const MAX_CODED_BYTES = 512 * 1024;
/** What part of a body that unpacks to too much is tried once more: the model mostly stands at its start. */
const START_SHARE = 16;

/**
 * Scans a body that is unpacked here and now, since a request may be waiting for a turn by its model. It is unpacked from its start
 * with its first piece, whenever twice as much has come, and at its end: at most twice the work of once, without a decoder that
 * would have to be closed. What lies beyond the bounds stays unknown, and of a body that does not unpack nothing is known.
 */
export function createCodedScanner(decode: Decode): CodedScanner {
  return new Scanner(decode);
}

class Scanner implements CodedScanner {
  readonly #decode: Decode;
  readonly #gathered = createGathered();
  #bytes = 0;
  #readBytes = 0;
  #facts: ReturnType<RequestBodyScanner['facts']> = { model: undefined, stream: undefined };

  constructor(decode: Decode) {
    this.#decode = decode;
  }

  push(chunk: Buffer): void {
    if (this.#bytes === MAX_CODED_BYTES) return;
    const kept = chunk.subarray(0, MAX_CODED_BYTES - this.#bytes);
    this.#bytes += kept.length;
    this.#gathered.push(kept);
    if (this.#bytes === MAX_CODED_BYTES) this.end();
    else if (this.#bytes >= this.#readBytes * 2) this.#read();
  }

  end(): void {
    if (this.#bytes > this.#readBytes) this.#read();
    this.#gathered.clear();
    this.#bytes = MAX_CODED_BYTES;
    this.#readBytes = MAX_CODED_BYTES;
  }

  facts(): ReturnType<RequestBodyScanner['facts']> {
    return this.#facts;
  }

  #read(): void {
    this.#readBytes = this.#bytes;
    const coded = this.#gathered.bytes();
    const start = Math.ceil(coded.length / START_SHARE);
    const plain = this.#decode(coded) ?? this.#decode(coded.subarray(0, start));
    if (plain === undefined) return;
    const scanner = createRequestBodyScanner();
    scanner.push(plain);
    this.#facts = scanner.facts();
  }
}
