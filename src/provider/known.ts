/** What is known of a provider before it is configured. */
export interface KnownProvider {
  readonly name: string;
  readonly host: string;
  /** Seconds after which the provider's own gateway gives up on a non-streaming answer; absent when not documented. */
  readonly gatewayTimeoutSeconds?: number;
  /** Where it takes its key; absent: `Authorization: Bearer`. */
  readonly keyHeader?: KeyHeader;
}

/** A header that carries an API key, behind a prefix. */
export interface KeyHeader {
  readonly name: string;
  readonly prefix: string;
}

const BEARER: KeyHeader = { name: 'authorization', prefix: 'Bearer ' };

/** Sources: each provider's API reference; Novita's 60 s is on https://novita.ai/docs/guides/error (503/504). */
const KNOWN_PROVIDERS: readonly KnownProvider[] = [
  { name: 'novita', host: 'api.novita.ai', gatewayTimeoutSeconds: 60 },
  { name: 'openai', host: 'api.openai.com' },
  { name: 'anthropic', host: 'api.anthropic.com', keyHeader: { name: 'x-api-key', prefix: '' } },
  { name: 'openrouter', host: 'openrouter.ai' },
  { name: 'together', host: 'api.together.xyz' },
  { name: 'groq', host: 'api.groq.com' },
  { name: 'mistral', host: 'api.mistral.ai' },
  { name: 'deepseek', host: 'api.deepseek.com' },
  { name: 'fireworks', host: 'api.fireworks.ai' },
  { name: 'xai', host: 'api.x.ai' },
  {
    name: 'gemini',
    host: 'generativelanguage.googleapis.com',
    keyHeader: { name: 'x-goog-api-key', prefix: '' },
  },
];

/** The provider behind a host name, or undefined when we know none there. */
export function providerFromHost(host: string): KnownProvider | undefined {
  return KNOWN_PROVIDERS.find((provider) => provider.host === host.toLowerCase());
}

/** What is known of a provider by its name. */
export function providerByName(name: string): KnownProvider | undefined {
  return KNOWN_PROVIDERS.find((provider) => provider.name === name);
}

/** Where such an API speaks as OpenAI's, it takes OpenAI's header: https://ai.google.dev/gemini-api/docs/openai */
const AS_OPENAI = /\/openai\/|\/chat\/completions(?:$|\?)/;

/** The header in which a provider, by its name, takes its key with a request for `target`. */
export function keyHeaderOf(name: string, target: string): KeyHeader {
  return (AS_OPENAI.test(target) ? undefined : providerByName(name)?.keyHeader) ?? BEARER;
}
