import type { Basis } from './causes.ts';

/** What each step of the precedence looked at, and so how far its word can be trusted. */
export const BASIS_MEANING: Readonly<Record<Basis, string>> = {
  transport: 'what happened on the connection: refused, reset, cut, timed out, closed by the client',
  user: 'a rule of your own, from the rules file',
  origin: 'who made the answer: the exporter itself, or a gateway that says so in its flags or its pages',
  provider: 'what this provider means by a code or a message that others use differently',
  code: 'the machine code or type in the body of the answer',
  message: 'the words of the answer, where it has no code of its own',
  header: 'the headers of the answer, such as rate limits and Retry-After',
  timing: 'how long the request took, and whether it was streamed: inferred',
  status: 'the status code alone, for want of anything better: inferred',
};
