/** What is used of the WebAssembly that JavaScript engines have; its types come only with those of browsers. */
interface Engine {
  readonly Memory: new (limits: { readonly initial: number; readonly maximum: number }) => Memory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: Imports) => { readonly exports: unknown };
}

export interface Memory {
  readonly buffer: ArrayBuffer;
}

interface Imports {
  readonly space: { readonly memory: Memory };
}

/** Undefined where Node was told to do without (--jitless). */
export function findEngine(): Engine | undefined {
  // Safe: where it is, it is as the standard has it (https://webassembly.github.io/spec/js-api/).
  return (globalThis as { readonly WebAssembly?: Engine }).WebAssembly;
}
