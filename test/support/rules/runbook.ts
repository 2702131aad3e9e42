import type { Problem } from '../../../src/problem.ts';
import { parsePromql } from '../promql/parse.ts';
import { markdownQueries } from './contract/queries.ts';

/** What a woken person needs, in this order. */
export const RUNBOOK_HEADINGS = [
  'What it means',
  'Who is hurt',
  'How to confirm',
  'Likely causes',
  'What to do',
  'When it is false',
  'When it stays silent',
  'How to tune',
] as const;

export interface RunbookOptions {
  /** Path of the page, to show and to resolve links from. */
  readonly path: string;
  /** Whether the project has this file. */
  readonly exists: (path: string) => boolean;
  /** Text of another page, for anchors. */
  readonly read: (path: string) => string;
}

/** Fewest characters of a section that says something. */
const SHORTEST = 40;

/** Everything wrong with one runbook. */
export function lintRunbook(text: string, options: RunbookOptions): readonly Problem[] {
  const { path } = options;
  const alert = /([^/]+)\.md$/.exec(path)?.[1] ?? '';
  const title = /^# (.+)$/m.exec(text)?.[1];
  const sections = text
    .split(/^## /m)
    .slice(1)
    .map((section) => ({ heading: section.split('\n')[0] ?? '', body: section.slice(section.indexOf('\n')).trim() }));
  const headings = sections.map(({ heading }) => heading);
  const problem = (code: string, message: string): Problem => ({ code, message: `${message} [${code}]`, file: path });
  return [
    ...(title === alert ? [] : [problem('runbook/title', `the title is "${title}", not "${alert}"`)]),
    ...(headings.join() === RUNBOOK_HEADINGS.join()
      ? []
      : [
          problem(
            'runbook/headings',
            `the sections are ${headings.join(', ')}; ${RUNBOOK_HEADINGS.join(', ')} are right`,
          ),
        ]),
    ...sections
      .filter(({ body }) => body.length < SHORTEST)
      .map(({ heading }) => problem('runbook/empty', `"${heading}" says nothing`)),
    ...sections
      .filter(({ heading, body }) => heading === 'What to do' && !/^1\. /m.test(body))
      .map(() => problem('runbook/steps', '"What to do" has no numbered step')),
    ...sections
      .filter(({ heading, body }) => heading === 'How to confirm' && !body.includes('```promql'))
      .map(() => problem('runbook/query', '"How to confirm" has no query to paste')),
    ...markdownQueries(path, text).flatMap(({ promql }) =>
      parsePromql(promql).faults.map(({ message }) => problem('runbook/promql', `${message}: ${promql}`)),
    ),
    ...(text.match(/^```/gm) ?? [])
      .slice(0, (text.match(/^```/gm) ?? []).length % 2)
      .map(() => problem('runbook/block', 'a block is not closed')),
    ...linkProblems(text, options),
  ];
}

/** Links into the project must lead somewhere; those to other sites are left to those who follow them. */
function linkProblems(text: string, { path, exists, read }: RunbookOptions): readonly Problem[] {
  const prose = text.replace(/^```.*?^```$/gms, '');
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets
    .filter((target) => !/^[a-z][a-z0-9+.-]*:/i.test(target))
    .flatMap((target) => {
      const [file = '', anchor] = target.split('#');
      const page = file === '' ? path : new URL(file, `file:///${path}`).pathname.slice(1);
      const isFound =
        (file === '' || exists(page)) &&
        (anchor === undefined || anchors(file === '' ? text : read(page)).includes(anchor));
      return isFound ? [] : [{ code: 'runbook/link', message: `${target} leads nowhere [runbook/link]`, file: path }];
    });
}

/** As GitHub makes them from headings. */
function anchors(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}
