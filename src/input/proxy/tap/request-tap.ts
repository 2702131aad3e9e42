import { hasKey } from '../../../provider/headers/credentials.ts';
import { type Headers, headerValue } from '../../../provider/headers/parsed-headers.ts';
import { isGenerationPath, operationFromPath } from '../../../provider/operation.ts';
import { createRequestBodyScanner, factsFromPath } from '../../../provider/request-body.ts';

/** What a request said, and whether its streams have a documented end. */
export interface RequestFacts {
  readonly model: string | undefined;
  readonly stream: boolean | undefined;
  readonly keyPresent: boolean;
  readonly mustEnd: boolean;
  /** Whether it asks a model for something, so that a 200 may hold its failure. */
  readonly generates: boolean;
}

/** Watches a request that passes by; of its body nothing is kept but the two names that are looked for. */
export interface RequestTap {
  readonly keyPresent: boolean;
  /** The next piece of the body, without a content coding. */
  push(chunk: Buffer): void;
  /** Nothing is looked for any more. */
  readonly isOver: boolean;
  /** As far as it is known. */
  model(): string | undefined;
  facts(): RequestFacts;
}

/** The head of a request; where its method was not written down, it is a call. */
type WatchedHead = { readonly url: string; readonly headers: Headers; readonly method?: string };

/** Operations whose streams end in a documented way, so that a missing end means something. */
const ENDS_WITH_EVENT: ReadonlySet<string | undefined> = new Set([
  'chat',
  'text_completion',
  'responses',
  'generate_content',
]);

export function createRequestTap(head: WatchedHead): RequestTap {
  return new Tap(head);
}

class Tap implements RequestTap {
  readonly keyPresent: boolean;
  readonly #path: PathSaid;
  readonly #isPost: boolean;
  readonly #scanner = createRequestBodyScanner();

  constructor({ url, method = 'POST', headers }: WatchedHead) {
    this.#path = pathSaid(url);
    this.#isPost = method === 'POST';
    this.keyPresent = hasKey(url, headers);
  }

  get isOver(): boolean {
    return this.#scanner.isOver;
  }

  push(chunk: Buffer): void {
    this.#scanner.push(chunk);
  }

  model(): string | undefined {
    return this.#modelOf(this.#scanner.facts().model);
  }

  facts(): RequestFacts {
    const body = this.#scanner.facts();
    const { path, mustEnd, postGenerates } = this.#path;
    return {
      model: this.#modelOf(body.model),
      stream: path.stream ?? body.stream,
      keyPresent: this.keyPresent,
      mustEnd,
      generates: postGenerates && this.#isPost,
    };
  }

  /** A good answer proves the model it was asked of, so a name is taken only from where an API reads it. */
  #modelOf(named: string | undefined): string | undefined {
    if (!this.#isPost) return undefined;
    const { path, operation } = this.#path;
    return operation === undefined ? path.model : (named ?? path.model);
  }
}

interface PathSaid {
  readonly path: ReturnType<typeof factsFromPath>;
  readonly operation: ReturnType<typeof operationFromPath>;
  readonly mustEnd: boolean;
  readonly postGenerates: boolean;
}

/** Clients ask for a handful of paths again and again. One with a query is not kept: keys stand there. */
const MAX_KEPT_PATHS = 64;
const MAX_KEPT_PATH_LENGTH = 128;
const keptPaths = new Map<string, PathSaid>();
/** Mostly it is the path of the request before, which a comparison tells sooner than a search. */
let latestPath = '';
let latestSaid: PathSaid | undefined;

function pathSaid(url: string): PathSaid {
  if (latestSaid !== undefined && url === latestPath) return latestSaid;
  const kept = keptPaths.get(url);
  if (kept !== undefined) {
    latestPath = url;
    latestSaid = kept;
    return kept;
  }
  const operation = operationFromPath(url);
  const said = {
    path: factsFromPath(url),
    operation,
    mustEnd: ENDS_WITH_EVENT.has(operation),
    postGenerates: isGenerationPath(url),
  };
  if (url.includes('?') || url.length > MAX_KEPT_PATH_LENGTH) return said;
  if (keptPaths.size >= MAX_KEPT_PATHS) keptPaths.clear();
  keptPaths.set(url, said);
  return said;
}

/** Ids end up in exemplars: nothing but what ids are made of. */
const REQUEST_ID = /^[\w.:-]{1,128}$/;
const REQUEST_ID_HEADERS = ['x-request-id', 'request-id'] as const;

/** The id that the answer or, failing that, the request carries. */
export function requestIdOf(answer: Headers | undefined, request: Headers): string | undefined {
  return idIn(answer) ?? idIn(request);
}

function idIn(headers: Headers | undefined): string | undefined {
  for (const name of REQUEST_ID_HEADERS) {
    const id = headerValue(headers, name);
    if (id !== undefined && REQUEST_ID.test(id)) return id;
  }
  return undefined;
}
