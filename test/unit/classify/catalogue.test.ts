import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { compileCatalogue, loadCatalogue, parseCatalogue } from '../../../src/classify/catalogue.ts';
import { CAUSES } from '../../../src/classify/causes.ts';
import { requiredLiterals } from '../../../src/classify/pattern.ts';
import { type Problem, ProblemError } from '../../../src/problem.ts';

const SHIPPED = readFileSync(new URL('../../../src/classify/catalogue.yaml', import.meta.url), 'utf8');

/** The problems of the shipped catalogue after one edit, each with the text of its line. */
function problemsAfter(from: string | RegExp, to: string): (Problem & { readonly at: string | undefined })[] {
  const edited = SHIPPED.replace(from, to);
  assert.ok(edited !== SHIPPED, 'the edit changes nothing');
  try {
    parseCatalogue(edited, 'my.yaml');
  } catch (error) {
    assert.ok(error instanceof ProblemError);
    const lines = edited.split('\n');
    return error.problems.map((problem) => ({
      ...problem,
      at: lines[(problem.line ?? 0) - 1]?.slice((problem.column ?? 1) - 1),
    }));
  }
  return [];
}

describe('the shipped catalogue', () => {
  const catalogue = loadCatalogue();

  it('describes every cause, by id', () => {
    assert.deepEqual(Object.keys(catalogue.causes).sort(), [...CAUSES].sort());
  });

  it('backs each rule with a reason', () => {
    for (const rule of catalogue.rules) assert.ok(rule.note.length >= 20, rule.id);
  });

  it('has no message pattern that every long message must be searched for', () => {
    const slow = catalogue.rules
      .flatMap(({ match }) => match.message ?? [])
      .filter((source) => !requiredLiterals(source));
    assert.deepEqual(slow, []);
  });

  it('says of every cause whether it proves that the model exists', () => {
    const proves = (id: (typeof CAUSES)[number]) => catalogue.causes[id].provesModel;
    assert.ok(
      (['none', 'service_unavailable', 'rate_limit_rpm', 'internal_error', 'upstream_timeout'] as const).every(proves),
    );
    assert.ok(
      !(['model_not_found', 'invalid_request', 'auth_invalid_key', 'client_aborted', 'unclassified'] as const).some(
        proves,
      ),
    );
  });
});

describe('the compiled catalogue', () => {
  it('says the same as its source', () => {
    const { causes, rules } = parseCatalogue(SHIPPED, 'catalogue.yaml');
    const { content } = JSON.parse(compileCatalogue());
    assert.deepEqual(
      content.steps.flatMap((step: { rules: object[] }) => step.rules),
      rules.map(({ basis: _basis, ...rule }) => JSON.parse(JSON.stringify(rule))),
    );
    assert.equal(content.causes.length, Object.keys(causes).length);
    assert.deepEqual(loadCatalogue().rules, rules);
  });
});

describe('problems of a catalogue', () => {
  it('names an unknown cause and its place', () => {
    const [problem, ...rest] = problemsAfter('cause: stream_interrupted', 'cause: stream_broken');
    assert.deepEqual(rest, []);
    assert.equal(problem?.code, 'catalogue.invalid');
    assert.equal(problem?.file, 'my.yaml');
    assert.match(problem?.at ?? '', /^cause: stream_broken/);
  });

  it('names a cause that is not described', () => {
    const problems = problemsAfter(/ {2}- id: blocked_by_waf\n(?: {4}.*\n)+/, '');
    assert.deepEqual(
      problems.map(({ code, message }) => [code, message]),
      [['catalogue.missing_cause', 'causes: blocked_by_waf is not described']],
    );
    assert.ok(problems[0]?.line && problems[0]?.column);
  });

  it('names a cause that is described twice', () => {
    const problems = problemsAfter('- id: payload_too_large\n', '- id: invalid_request\n');
    assert.deepEqual(
      problems.map(({ code }) => code),
      ['catalogue.missing_cause', 'catalogue.duplicate_cause'],
    );
    assert.match(problems[1]?.at ?? '', /^id: invalid_request/);
  });

  it('names a rule id that is used twice', () => {
    const [problem] = problemsAfter('id: status_500', 'id: status_503');
    assert.equal(problem?.code, 'catalogue.duplicate_rule');
    assert.match(problem?.at ?? '', /^id: status_503/);
  });

  it('names a pattern that is no regular expression', () => {
    const [problem] = problemsAfter('- loading model\n', '- loading (model\n');
    assert.equal(problem?.code, 'catalogue.invalid');
    assert.match(problem?.message ?? '', /"loading \(model" is no regular expression: Unterminated group/);
    assert.match(problem?.at ?? '', /^loading \(model$/);
  });

  it('refuses a repetition without bound', () => {
    const [problem] = problemsAfter('- loading model\n', '- loading.*model\n');
    assert.match(problem?.message ?? '', /repeats without bound/);
    assert.match(problem?.at ?? '', /^loading\.\*model$/);
  });

  it('names broken YAML', () => {
    const [problem] = problemsAfter('steps:\n', 'steps: [\n');
    assert.equal(problem?.code, 'catalogue.yaml');
    assert.ok(problem?.line);
  });

  it('names all problems at once', () => {
    const problems = problemsAfter(/retryable: "no"/g, 'retryable: never');
    assert.ok(problems.length > 10);
    assert.ok(problems.every(({ at }) => at?.startsWith('retryable: never')));
  });

  it('names an unknown key', () => {
    const [problem] = problemsAfter('match: { origin: client }', 'match: { orgin: client }');
    assert.equal(problem?.code, 'catalogue.unknown_key');
    assert.match(problem?.at ?? '', /^orgin: client/);
  });
});
