export function compileKernels(options: {
  readonly root: string
  readonly name: string
  readonly limit: number
  readonly features?: readonly string[]
}): Promise<Uint8Array<ArrayBuffer>>

export function embedKernels(folder: string, name: string, wasm: Uint8Array): void
