import type { Mark } from '../log-format.ts';

/**
 * The classes in which Python's SDKs and LiteLLM raise errors, and the status that each stands for: where a line names the class alone,
 * it is the only account of the status (https://docs.litellm.ai/docs/exception_mapping,
 * https://github.com/openai/openai-python#handling-errors).
 */
const CODE_BY_CLASS: Readonly<Record<string, number>> = {
  AuthenticationError: 401,
  PermissionDeniedError: 403,
  NotFoundError: 404,
  ContextWindowExceededError: 400,
  ContentPolicyViolationError: 400,
  RejectedRequestError: 400,
  UnsupportedParamsError: 400,
  BadRequestError: 400,
  InvalidRequestError: 400,
  UnprocessableEntityError: 422,
  RateLimitError: 429,
  BudgetExceededError: 400,
  InternalServerError: 500,
  APIResponseValidationError: 500,
  BadGatewayError: 502,
  ServiceUnavailableError: 503,
  OverloadedError: 529,
};

/** Classes of failures that no answer was got for: what a gateway would have answered in its place, and how far it came. */
const UNANSWERED: readonly (readonly [pattern: string, Mark['means']])[] = [
  ['(?:API)?ConnectionError|ConnectError|ConnectionRefusedError', { code: 502, origin: 'network', phase: 'connect' }],
  ['Cancelled(?:Error)?', { code: 499, origin: 'client' }],
  ['[A-Za-z]*[Tt]imeout(?:Error|Exception)?', { code: 504, origin: 'edge', errorCode: 'timeout' }],
];

/** Marks that know a status by the class of the error at a place, with or without the module before it. `before` stands in front. */
export function errorClassMarks(at: string, before = '^(?:[\\w]+\\.)*'): readonly Mark[] {
  const marksOf = (pattern: string, means: Mark['means']): Mark => ({
    at,
    is: new RegExp(`${before}(?:${pattern})(?![\\w.])`),
    means,
  });
  return [
    ...Object.entries(CODE_BY_CLASS).map(([name, code]) => marksOf(name, { code })),
    ...UNANSWERED.map(([pattern, means]) => marksOf(pattern, means)),
  ];
}
