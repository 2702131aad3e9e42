import { OTHER } from '../cell-set.ts';

/** The label value of a request that names no model. */
export const UNKNOWN = 'unknown';

/** Longest label value that clients write, in bytes of UTF-8. */
const MAX_LABEL_BYTES = 128;
/** Enough of a long name to find MAX_LABEL_BYTES printable ones in it; a body may name a model of megabytes. */
const MAX_RAW_CHARACTERS = 1024;
/** Vendors behind one gateway; a log whose provider field holds something else must not mint labels. */
const MAX_PROVIDERS = 50;

/** Turns what clients and log lines call a provider or model into bounded label values. */
export interface Admission {
  provider(raw: string): string;
  /** `proven`: an answer showed that the upstream knows the model. `provider` is the label, not the raw name. */
  model(provider: string, raw: string | undefined, proven: boolean): string;
  /**
   * What is configured is admitted without proof and beyond the limits. Nothing admitted before is lost.
   * `modelLimit`: most models of one provider.
   */
  configure(settings: {
    readonly providers: Readonly<Record<string, { readonly models: readonly string[] }>>;
    readonly modelLimit: number;
  }): void;
  /** Admits, whatever the limits are now, what an earlier run counted under: its series go on. */
  restore(counted: Iterable<{ readonly provider: string; readonly model: string }>): void;
}

/**
 * Who gets a label value of its own. Clients write the model, so a typo or an attack would mint a series for ever
 * (https://github.com/BerriAI/litellm/pull/39136): a name counts as "other" until an answer proves it, and past the
 * limit for good. Nothing admitted is evicted: a counter that vanishes and comes back is read as a reset.
 */
export function createAdmission({
  onOverflow,
}: {
  /** A name was kept out by a limit, this time. */
  readonly onOverflow: (label: 'provider' | 'model') => void;
}): Admission {
  let modelLimit = 0;
  const providers = createNames(() => MAX_PROVIDERS);
  const models = new Map<string, Names>();
  const modelsOf = (provider: string) => {
    const names = models.get(provider) ?? createNames(() => modelLimit);
    models.set(provider, names);
    return names;
  };
  return {
    provider(raw) {
      const label = providers.find(raw) ?? providers.admit(raw);
      if (label === undefined) onOverflow('provider');
      return label ?? OTHER;
    },
    model(provider, raw, proven) {
      if (raw === undefined) return UNKNOWN;
      const names = modelsOf(provider);
      const known = names.find(raw);
      if (known !== undefined || !proven) return known ?? OTHER;
      const label = names.admit(raw);
      if (label === undefined) onOverflow('model');
      return label ?? OTHER;
    },
    configure(settings) {
      modelLimit = settings.modelLimit;
      for (const [provider, { models: configured }] of Object.entries(settings.providers)) {
        const names = modelsOf(providers.force(provider));
        for (const model of configured) names.force(model);
      }
    },
    restore(counted) {
      for (const { provider, model } of counted) {
        if (provider !== OTHER) providers.force(provider);
        if (model !== OTHER) modelsOf(provider).force(model);
      }
    },
  };
}

/** A set of admitted label values that never shrinks. */
interface Names {
  find(raw: string): string | undefined;
  /** Undefined when the limit is reached. */
  admit(raw: string): string | undefined;
  force(raw: string): string;
}

function createNames(limit: () => number): Names {
  // The set hands back its own copy: a slice of a log chunk as the label would keep the whole chunk in memory.
  const admitted = new Map<string, string>([[UNKNOWN, UNKNOWN]]);
  const force = (raw: string) => {
    const label = toLabel(raw);
    const known = admitted.get(label);
    if (known !== undefined) return known;
    admitted.set(label, label);
    return label;
  };
  return {
    find: (raw) => admitted.get(raw) ?? admitted.get(toLabel(raw)),
    admit: (raw) => (admitted.size <= limit() ? force(raw) : undefined),
    force,
  };
}

/** Trimmed, printable, at most MAX_LABEL_BYTES, cut between characters; a copy that shares no memory with `raw`. */
function toLabel(raw: string): string {
  const printable = raw
    .trim()
    .slice(0, MAX_RAW_CHARACTERS)
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')
    .trim();
  const bytes = Buffer.from(printable);
  let end = Math.min(bytes.length, MAX_LABEL_BYTES);
  while (end < bytes.length && isContinuation(bytes[end])) end -= 1;
  return bytes.toString('utf8', 0, end).trim() || UNKNOWN;
}

/** Bytes of the form 10xxxxxx never begin a character (RFC 3629, section 3). */
function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
