import type { Layout, ModelFormat } from '../contender.ts'
import type { Turn } from '../host.ts'

/** Everything a process needs to begin; messages are JSON, so bytes come from files. */
export interface Job {
  /** URL of the contender's file. */
  readonly contender: string
  readonly threads: number
  readonly assets: string
  readonly modelFile: string
  /** A `model` comes as safetensors and is read before the clock starts. */
  readonly format: ModelFormat
  /** Little-endian float32, NCHW. */
  readonly inputFile: string
  readonly inputShape: readonly number[]
  readonly layout: Layout
  /** Files as that of the input. */
  readonly photographFiles?: readonly string[]
}

export type Request =
  | { readonly call: 'open'; readonly job: Job }
  | { readonly call: 'start' }
  | { readonly call: 'turn'; readonly turn: Turn }
  | { readonly call: 'finish' }
  | { readonly call: 'classify'; readonly photograph: number }
  | { readonly call: 'close' }
  | { readonly call: 'peak'; readonly threads: number }

export interface Reply {
  /** Of the request; 0 says the process is up. */
  readonly id: number
  readonly value?: unknown
  readonly error?: string
}
