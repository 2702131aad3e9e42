/** One fault in something a user wrote: where it is, what was seen, what would be right. */
export interface Problem {
  /** Stable id for tests and scripts: `config.unknown_key`. */
  readonly code: string;
  readonly message: string;
  readonly file?: string | undefined;
  /** 1-based, as editors count. */
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

/** `config.yml:12:3: proxy.listen_address: …`: the form that editors and terminals turn into a link. */
export function formatProblem(problem: Problem): string {
  const place = [problem.file, problem.line, problem.column].filter((part) => part !== undefined).join(':');
  return place === '' ? problem.message : `${place}: ${problem.message}`;
}

/** Thrown where work cannot go on; carries every problem found, not only the first. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], options?: ErrorOptions) {
    super(problems.map(formatProblem).join('\n'), options);
    this.problems = problems;
  }
}
