/**
 * What passes between a classifier's owner and the thread it lives on: the one protocol of the worker of pages and of the
 * thread pool of Node. Not responsible for how threads start (`worker.ts`, `node.ts`) or for what a classifier does.
 */
import type { PackedModel } from '@mobileone/backend-wasm'
import type { Model } from '@mobileone/core'
import type { Classifier } from '../classifier.ts'

/** What a classifier is beside what it can do: its fields that can be sent. */
export type Facts = Readonly<Record<string, unknown>>

export type MethodName = {
  [Name in keyof Classifier]: Name extends 'dispose' | 'setOptions' | symbol
    ? never
    : Classifier[Name] extends (...given: never) => unknown
      ? Name
      : never
}[keyof Classifier]

/**
 * `call` answers once; `all` too, and is for every thread of a pool; `classifier` answers with another classifier on the same thread;
 * `stream` answers with an iterable: of a result for each element of the one it takes, which is read as far as results are asked
 * for. `watch` runs on the owner's thread.
 */
export type MethodKind = 'call' | 'all' | 'classifier' | 'stream'

export type Methods = Readonly<Record<MethodName, MethodKind>>

/** What a classifier can do. */
export const methods: Methods = {
  classify: 'call',
  classifyEach: 'stream',
  watch: 'stream',
  embed: 'call',
  embedEach: 'stream',
  similarity: 'call',
  nearest: 'call',
  logits: 'call',
  profile: 'call',
  fewShot: 'classifier',
  withHead: 'classifier',
  quantize: 'call',
  getModel: 'call',
  warmUp: 'all',
}

/** From the owner. `id` names a call, `handle` a classifier of the thread, `key` a callback or an iterable among the arguments. */
export type Request =
  /** The owner listens. */
  | { readonly type: 'hello' }
  /** The arguments are options and, of a pool, a {@link Share}; the answer is {@link Created}. */
  | {
      readonly type: 'create'
      readonly id: number
      readonly handle: number
      readonly args: readonly unknown[]
      /** What relative addresses are relative to. */
      readonly base?: string | undefined
    }
  | {
      readonly type: 'call'
      readonly id: number
      readonly handle: number
      readonly method: MethodName
      /** The handle of a classifier that the call makes, where the owner chooses it; the answer is {@link Made}. */
      readonly into?: number | undefined
      /** The first are options, or undefined, where those of the call, whose arguments follow, do not say. */
      readonly args: readonly unknown[]
    }
  /** When the classifier has been made, dispose of it; the answer is whether the thread has none left. */
  | {
      readonly type: 'close'
      readonly id: number
      readonly handle: number
      readonly args: readonly unknown[]
    }
  /** `next` asks for an element of a stream after its first, which comes unasked. */
  | { readonly type: 'abort' | 'next'; readonly id: number }
  | { readonly type: 'item'; readonly id: number; readonly key: number; readonly item: Item }

/** From the thread. */
export type Reply =
  /** The thread listens. It holds the lock `lock` until it ends. */
  | { readonly type: 'hello'; readonly lock?: string }
  | { readonly type: 'value'; readonly id: number; readonly value: unknown }
  | { readonly type: 'error'; readonly id: number; readonly error: unknown }
  | { readonly type: 'event'; readonly id: number; readonly key: number; readonly args: readonly unknown[] }
  | ItemReply

/** An element of a stream's results, or what is to become of the iterable that it reads: one element more, or the end. */
export type ItemReply =
  | { readonly type: 'item'; readonly id: number; readonly value: unknown }
  | { readonly type: 'pull' | 'stop'; readonly id: number; readonly key: number }

/** An element of an iterable that is read across threads. */
export type Item =
  | { readonly done: true }
  | { readonly done: false; readonly value: unknown }
  | { readonly done: false; readonly error: unknown }

/** What the threads of a pool have in common. */
export interface Share {
  /** How many there are, and which of them, from 0, this one is. */
  readonly threads: number
  readonly thread: number
  /** What the first one answered: the model that wasm packed, where that runs it. */
  readonly packed: PackedModel | undefined
}

/** What making a classifier answers. */
export interface Made {
  readonly handle: number
  readonly facts: Facts
  /** What can be called. */
  readonly methods: Methods
}

/** What making a classifier from options answers. */
export interface Created extends Made, Pick<Share, 'packed'> {
  /** Of a pool: with its weights in shared memory. */
  readonly model: Model | undefined
}
