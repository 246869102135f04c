/** The part of onnxruntime-common's interface used here: what onnxruntime-web and onnxruntime-node have in common. */
import { importLibrary, isMobileOneError, type LibrarySource, MobileOneError } from '@mobileone/core'

/** What is used of ONNX Runtime's `Tensor`: element type, shape, and elements in row-major order. */
export interface OrtTensor {
  readonly type: string
  readonly dims: readonly number[]
  readonly data: unknown
  dispose(): void
}

/** What is used of ONNX Runtime's `InferenceSession`; `release` frees what it holds. */
export interface OrtSession {
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  // biome-ignore lint/suspicious/noExplicitAny: the library's own tensor type is not ours to name
  run(feeds: any): Promise<Readonly<Record<string, OrtTensor>>>
  release(): Promise<void>
}

/** What is used of ONNX Runtime: the module `onnxruntime-web` or `onnxruntime-node`. */
export interface OrtLibrary {
  readonly InferenceSession: {
    // biome-ignore lint/suspicious/noExplicitAny: the options depend on the library and its version
    create(bytes: Uint8Array, options?: any): Promise<OrtSession>
  }
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => OrtTensor
  readonly env: {
    readonly wasm: { numThreads?: number; proxy?: boolean; wasmPaths?: unknown }
  }
  /** onnxruntime-node alone has it. */
  readonly listSupportedBackends?: unknown
}

/** @throws MobileOneError `unavailable` naming the packages to install, `invalid-argument` for another module. */
export function loadLibrary(lib: LibrarySource<OrtLibrary>): Promise<OrtLibrary> {
  return importLibrary(lib, {
    backend: 'ort',
    packages: 'onnxruntime-web or onnxruntime-node',
    install:
      'onnxruntime-web or onnxruntime-node (with ONNXRUNTIME_NODE_INSTALL=skip where there is no network)',
    example: "() => import('onnxruntime-web')",
    matches: ({ InferenceSession, Tensor }) =>
      typeof InferenceSession?.create === 'function' && typeof Tensor === 'function',
  })
}

const turns = new WeakMap<OrtLibrary, Promise<unknown>>()

/**
 * Do `work` when what was given before for the same library is done. onnxruntime-web's GPU providers refuse, or break, where
 * one session is opened or run while another is.
 */
export function inTurn<T>(library: OrtLibrary, work: () => Promise<T>): Promise<T> {
  const result = (turns.get(library) ?? Promise.resolve()).then(work)
  turns.set(
    library,
    result.catch(() => {}),
  )
  return result
}

/** `cause` as an error of this project: what was being done, the library's own words, the remedy. */
export function translate(cause: unknown, what: string): MobileOneError {
  if (isMobileOneError(cause)) return cause
  const words = reason(cause)
  if (/device (is|was) lost|device lost|context lost/i.test(words)) {
    return new MobileOneError(
      'device-lost',
      `ort: the device was lost while ${what} (${words}); compile the model again`,
      { cause },
    )
  }
  const remedy = /no available backend|backend not found|not (available|supported|found)/i.test(words)
    ? '; choose other executionProviders, or set wasmPaths to where its files are'
    : ''
  return new MobileOneError('unavailable', `ort: ONNX Runtime failed while ${what}: ${words}${remedy}`, {
    cause,
  })
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
