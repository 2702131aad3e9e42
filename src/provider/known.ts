/** What is known of a provider before it is configured. */
export interface KnownProvider {
  readonly name: string;
  readonly host: string;
  /** Seconds after which the provider's own gateway gives up on a non-streaming answer; absent when not documented. */
  readonly gatewayTimeoutSeconds?: number;
}

/** Sources: each provider's API reference; Novita's 60 s is on https://novita.ai/docs/guides/error (503/504). */
const KNOWN_PROVIDERS: readonly KnownProvider[] = [
  { name: 'novita', host: 'api.novita.ai', gatewayTimeoutSeconds: 60 },
  { name: 'openai', host: 'api.openai.com' },
  { name: 'anthropic', host: 'api.anthropic.com' },
  { name: 'openrouter', host: 'openrouter.ai' },
  { name: 'together', host: 'api.together.xyz' },
  { name: 'groq', host: 'api.groq.com' },
  { name: 'mistral', host: 'api.mistral.ai' },
  { name: 'deepseek', host: 'api.deepseek.com' },
  { name: 'fireworks', host: 'api.fireworks.ai' },
  { name: 'xai', host: 'api.x.ai' },
  { name: 'gemini', host: 'generativelanguage.googleapis.com' },
];

/** The provider behind a host name, or undefined when we know none there. */
export function providerFromHost(host: string): KnownProvider | undefined {
  return KNOWN_PROVIDERS.find((provider) => provider.host === host.toLowerCase());
}

/** What is known of a provider by its name. */
export function providerByName(name: string): KnownProvider | undefined {
  return KNOWN_PROVIDERS.find((provider) => provider.name === name);
}
