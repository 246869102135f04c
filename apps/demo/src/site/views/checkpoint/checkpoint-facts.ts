/** What the page and the worker of this view tell each other. */
import type { ExporterOption, Model } from '@mobileone/core'
import type { Cost, FoldError, FoldedBlock, FoldStage } from './fold-blocks.ts'
import type { TimedStep } from './layer-costs.ts'

/** Values or an error: an error that crosses as one loses its code. */
export type Settled<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly code: string; readonly message: string }

/** How far reading a file is. */
export interface OpenProgress {
  readonly phase: 'read' | 'parse' | 'fold'
  /** Of 1. */
  readonly fraction: number
}

/** A form of the model, and what its weights take. */
export interface FormFacts extends Cost {
  readonly bytes: number
}

/** What was found in a file, all of it text and numbers. */
export interface OpenedFacts {
  /** `MobileOne S0`, or what kind of network it is. */
  readonly title: string
  /** The model's own name. */
  readonly name: string
  readonly format: string
  readonly isCheckpoint: boolean
  readonly facts: readonly (readonly [name: string, value: string])[]
  readonly card: readonly (readonly [name: string, value: string])[]
  readonly remarks: readonly string[]
  /** Whether weights are stored as int8 already. */
  readonly isInt8: boolean
  /** Undefined where nothing was left to fold. */
  readonly trained: FormFacts | undefined
  readonly folded: FormFacts
  /** Milliseconds that folding all of it took. */
  readonly foldMs: number
  readonly blocks: readonly FoldedBlock[]
}

/** One block, rewrite by rewrite, and how well it was folded. */
export interface StudiedBlock {
  readonly stages: readonly FoldStage[]
  readonly error: FoldError
}

/** Where a run's time goes on one backend. */
export interface TimedModel {
  readonly backend: string
  readonly features: readonly string[]
  readonly steps: readonly TimedStep[]
  /** Milliseconds of all steps. */
  readonly ms: number
  /** Billions of operations a second that the processor can do at most; undefined where that is not known. */
  readonly peak: number | undefined
}

/** `int8` is made of the folded one when it is asked for. */
export type Form = 'trained' | 'folded' | 'int8'

/** What the int8 form of the opened model came to. */
export interface QuantizedFacts {
  readonly layersInIntegers: number
  readonly sqnrDb: number
  /** Of the compared pictures, how many get the same class, from 0 to 1; undefined for what names no classes. */
  readonly agreement: number | undefined
  readonly compared: number
  readonly comparedOn: 'heldOut' | 'samples' | 'noise'
}

/** How far that is. */
export interface QuantizeProgress {
  readonly phase: string
  /** Of 1. */
  readonly fraction: number
}

/** A format that can be written, with its options as data. */
export interface FormatFacts {
  readonly format: string
  readonly ending: string
  readonly description: string
  readonly options: readonly (ExporterOption & { readonly name: string })[]
}

export interface WrittenFile {
  readonly name: string
  readonly blob: Blob
}

export const largestFile = 500_000_000

/** `MobileOne S0` of the model `mobileone_s0`; what else it is in a few words. */
export function titleOf({ name, config }: Pick<Model, 'name' | 'config'>): string {
  const variant = /^mobileone[_-](s\d)$/i.exec(name)?.[1]
  if (variant) return `MobileOne ${variant.toUpperCase()}`
  return config ? 'A MobileOne with widths of its own' : 'A network of another kind'
}

/** `text` without what cannot be seen, at most `limit` characters. */
export function shortened(text: string, limit = 160): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}]+/gu, ' ').trim()
  return plain.length > limit ? `${plain.slice(0, limit - 1)}…` : plain
}

/** A file name without folder and ending, with what every system takes in file names. */
export function stemOf(name: string): string {
  const stem = name
    .replace(/^.*[/\\]/, '')
    .replace(/\.(safetensors|onnx|pth\.tar|pth|pt|tar|bin|ckpt|mlpackage\.zip|mlpackage|mlmodel|zip)$/i, '')
  return (
    stem
      .replace(/[^\p{L}\p{N}._-]+/gu, '-')
      .replace(/^[.-]+/, '')
      .slice(0, 80) || 'model'
  )
}
