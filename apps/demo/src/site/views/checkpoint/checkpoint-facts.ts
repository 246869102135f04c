import type { Block } from './find-blocks.ts'

/** What a file of weights is, as far as the page shows it. */
export interface CheckpointFacts {
  readonly fileName: string
  readonly bytes: number
  readonly format: string
  /** Whose names its tensors have; absent where the format has names of its own. */
  readonly naming: string | undefined
  readonly name: string
  readonly form: 'train' | 'deploy'
  readonly tensors: number | undefined
  readonly input: readonly number[]
  readonly classes: number | undefined
  readonly labels: readonly string[]
  readonly licence: string | undefined
  /** What had to be assumed or was left alone, in sentences. */
  readonly remarks: readonly string[]
  /** Of the network as it is in the file, and folded. */
  readonly nodes: readonly [number, number]
  readonly params: readonly [number, number]
  readonly macs: readonly [number, number]
  readonly blocks: readonly Block[]
  readonly foldMs: number
}

/** How far apart the outputs of both forms are, on random pictures. */
export interface FoldError {
  readonly maxAbsError: number
  /** The largest output, to judge it by. */
  readonly maxAbsValue: number
  readonly runs: number
}

/** What one layer of the folded network takes on the wasm backend, one thread. */
export interface LayerRow {
  readonly node: string
  readonly kernel: string
  readonly ms: number
  /** Of the whole run, 0 to 1. */
  readonly share: number
  readonly macs: number
  readonly gflops: number
  /** Of what this browser's WebAssembly can do on one thread, measured. */
  readonly peakShare: number
  /** Values written and weights read, in bytes. */
  readonly traffic: number
}

/** Where the time of a run goes. */
export interface LayerProfileFacts {
  readonly backend: string
  readonly ms: number
  readonly peakGflops: number
  readonly rows: readonly LayerRow[]
}

/** A format to export to, with its options as data. */
export interface ExportChoice {
  readonly format: string
  readonly endings: readonly string[]
  readonly description: string
  readonly options: readonly {
    readonly name: string
    readonly description: string
    readonly choices: readonly string[] | undefined
    readonly default: string | undefined
  }[]
}

/** What crosses from the worker in place of an error, whose own fields would be lost. */
export interface Failure {
  readonly code: string
  readonly message: string
}
