import { Command, InvalidArgumentError } from 'commander';
import { type Catalogue, type CauseEntry, loadCatalogue } from '../classify/catalogue.ts';
import { CAUSES, type Cause } from '../classify/causes.ts';
import { similarNames } from '../config/similar.ts';
import { wantsColour } from '../demo/notifications.ts';
import type { CliContext } from './context.ts';
import { formatCause, formatCauses } from './terminal/cause.ts';
import { widthOf } from './terminal/layout.ts';
import { createStyle } from './terminal/style.ts';

const EXAMPLE = `
Examples:
  llm-exporter causes
  llm-exporter causes 503
  llm-exporter causes surge_protection
  llm-exporter causes --json | jq -r 'select(.owner == "provider").id'`;

/** `causes [CODE or CAUSE]`: the catalogue for people. */
export function causesCommand({ stdout, env }: CliContext): Command {
  let loaded: Catalogue | undefined;
  const catalogue = () => {
    loaded ??= loadCatalogue();
    return loaded;
  };
  const look = { width: widthOf(stdout), style: createStyle(wantsColour(stdout, env)) };
  return new Command('causes')
    .description('what can go wrong with a call: meaning, owner, what to do')
    .argument('[code or cause]', 'a status code such as 503, or a cause such as surge_protection', (wanted) =>
      select(wanted, catalogue()),
    )
    .option('--json', 'one JSON object a line')
    .addHelpText('after', EXAMPLE)
    .action((wanted: readonly CauseEntry[] | undefined, { json = false }: { readonly json?: boolean }) => {
      const entries = wanted ?? allOf(catalogue());
      const [first, second] = entries;
      if (json) for (const entry of entries) stdout.write(`${JSON.stringify(toJson(entry, catalogue()))}\n`);
      else if (first !== undefined && second === undefined) stdout.write(formatCause(first, catalogue(), look));
      else stdout.write(formatCauses(entries, look));
    });
}

/** The causes that the argument names; throws with what it may have meant when there are none. */
function select(wanted: string, catalogue: Catalogue): readonly CauseEntry[] {
  if (isCause(wanted)) return [catalogue.causes[wanted]];
  const all = allOf(catalogue);
  if (/^\d+$/.test(wanted)) {
    const found = all.filter(({ codes }) => codes.includes(Number(wanted)));
    if (found.length > 0) return found;
    const known = [...new Set(all.flatMap(({ codes }) => codes))].sort((a, b) => a - b);
    throw new InvalidArgumentError(`No cause comes with it; the codes are ${known.join(', ')}.`);
  }
  const near = similarNames(wanted, CAUSES);
  throw new InvalidArgumentError(
    near.length === 0
      ? 'There is no such cause; without an argument all are listed.'
      : `Did you mean ${near.join(', ')}?`,
  );
}

function allOf({ causes }: Catalogue): readonly CauseEntry[] {
  return CAUSES.map((id) => causes[id]);
}

function isCause(text: string): text is Cause {
  return (CAUSES as readonly string[]).includes(text);
}

function toJson({ provesModel: _known, ...entry }: CauseEntry, { rules }: Catalogue) {
  const leading = rules.filter(({ cause }) => cause === entry.id);
  return { ...entry, rules: leading.map(({ id, basis, note }) => ({ id, basis, note })) };
}
