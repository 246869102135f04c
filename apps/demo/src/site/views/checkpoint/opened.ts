/** The model that was opened: it stays while the visitor is in other views. */

import { bytes } from '@mobileone/site-kit/format'
import { batch, computed, type ReadonlySignal, signal } from '@preact/signals'
import { proxy } from 'comlink'
import { choose } from '../../state/choice.ts'
import { type CheckpointWorker, settledBy, startCheckpointWorker } from './checkpoint-client.ts'
import {
  type Form,
  type FormatFacts,
  largestFile,
  type OpenedFacts,
  type OpenProgress,
  type QuantizedFacts,
  type QuantizeProgress,
  type StudiedBlock,
  stemOf,
  type TimedModel,
  type WrittenFile,
} from './checkpoint-facts.ts'
import type { FoldError } from './fold-blocks.ts'
import { type Position, start } from './fold-steps.ts'

/** A file on its way. */
export interface Opening extends OpenProgress {
  readonly name: string
  readonly size: number
}

export interface Opened {
  readonly file: File
  readonly facts: OpenedFacts
}

interface Holding extends Opened {
  readonly worker: CheckpointWorker
}

export interface Failure {
  /** What was tried: `Opening coat.txt`. */
  readonly what: string
  readonly message: string
}

const holding = signal<Holding | undefined>(undefined)
const onItsWay = signal<Opening | undefined>(undefined)
const openFailure = signal<Failure | undefined>(undefined)
const blocksStudied = signal<readonly StudiedBlock[]>([])
const measured = signal<FoldError | undefined>(undefined)
const studyFailure = signal<string | undefined>(undefined)
const timed = signal<TimedModel | undefined>(undefined)

export const opened: ReadonlySignal<Opened | undefined> = computed(() => holding.value)
export const opening: ReadonlySignal<Opening | undefined> = onItsWay
/** Why the last file was not opened. */
export const failure: ReadonlySignal<Failure | undefined> = openFailure
/** The blocks of the opened model that have been taken apart so far, in order. */
export const studied: ReadonlySignal<readonly StudiedBlock[]> = blocksStudied
/** How far the folded network is from the trained one, once that is measured. */
export const foldError: ReadonlySignal<FoldError | undefined> = measured
export const studyError: ReadonlySignal<string | undefined> = studyFailure
export const timings: ReadonlySignal<TimedModel | undefined> = timed

const inUse = signal<File | undefined>(undefined)
/** The file that {@link useOpened} has given to all views, while what it was made of is open. */
export const used: ReadonlySignal<File | undefined> = inUse

/** Which block is shown, and how far it is folded. */
export const position = signal<Position>(start)

let cancel: (() => void) | undefined

/** Open `file`; what was open stays until this one is read, and when it cannot be. */
export async function openFile(file: File): Promise<void> {
  cancel?.()
  openFailure.value = undefined
  if (file.size > largestFile) {
    openFailure.value = {
      what: `“${file.name}” was not opened`,
      message: `It has ${bytes(file.size)}, and this page reads files of up to ${bytes(largestFile)}. For larger ones there is the mobileone command.`,
    }
    return
  }
  const { name, size } = file
  const worker = startCheckpointWorker()
  let isCancelled = false
  cancel = () => {
    isCancelled = true
    worker.end()
    onItsWay.value = undefined
  }
  onItsWay.value = { name, size, phase: 'read', fraction: 0 }
  const onProgress = (progress: OpenProgress): void => {
    if (!isCancelled) onItsWay.value = { name, size, ...progress }
  }
  try {
    const facts = await settledBy(worker, worker.api.open(file, proxy(onProgress)))
    if (isCancelled) return
    hold({ file, facts, worker })
  } catch (error) {
    if (isCancelled) return
    worker.end()
    openFailure.value = { what: `“${name}” was not opened`, message: sentence((error as Error).message) }
  }
  onItsWay.value = undefined
  cancel = undefined
}

/** Fetch the model of this page as it was trained, and open it. */
export async function openEmbedded(): Promise<void> {
  cancel?.()
  openFailure.value = undefined
  const name = 'fashion-mnist.safetensors'
  const stop = new AbortController()
  const own = (): void => {
    stop.abort()
    onItsWay.value = undefined
  }
  cancel = own
  onItsWay.value = { name, size: 0, phase: 'read', fraction: 0 }
  try {
    const response = await fetch(new URL(`./models/${name}`, document.baseURI), { signal: stop.signal })
    if (!response.ok) throw new Error(`the server answers ${response.status}`)
    const blob = await response.blob()
    if (cancel === own) await openFile(new File([blob], name))
  } catch (error) {
    if (stop.signal.aborted) return
    onItsWay.value = undefined
    cancel = undefined
    openFailure.value = {
      what: `“${name}” could not be fetched`,
      message: `${sentence((error as Error).message)} Look at the connection and try again.`,
    }
  }
}

export function cancelOpening(): void {
  cancel?.()
  cancel = undefined
}

function hold(next: Holding): void {
  holding.peek()?.worker.end()
  batch(() => {
    holding.value = next
    blocksStudied.value = []
    measured.value = undefined
    studyFailure.value = undefined
    timed.value = undefined
    inUse.value = undefined
    position.value = start
  })
  // The page is drawn first: on a small machine the worker would hold it up.
  if (next.facts.blocks.length > 0) setTimeout(() => void study(next), 250)
}

async function study(of: Holding): Promise<void> {
  const { worker } = of
  const isCurrent = (): boolean => holding.peek() === of
  try {
    const error = await settledBy(worker, worker.api.compare())
    if (!isCurrent()) return
    measured.value = error
    const onBlocks = (blocks: readonly StudiedBlock[]): void => {
      if (isCurrent()) blocksStudied.value = [...blocksStudied.peek(), ...blocks]
    }
    await settledBy(worker, worker.api.study(proxy(onBlocks)))
  } catch (error) {
    if (isCurrent()) studyFailure.value = sentence((error as Error).message)
  }
}

/** Make what is open the model of every view. */
export async function useOpened(): Promise<void> {
  const { file, facts, worker } = held()
  const given = facts.isCheckpoint
    ? file
    : new File([await settledBy(worker, worker.api.foldedFile())], `${stemOf(file.name)}.safetensors`)
  inUse.value = given
  choose({ file: given })
}

/** Time the layers of the folded model. */
export async function profileOpened(
  on: { readonly backend: 'wasm' | 'webgpu'; readonly threads: number },
  onProgress: (fraction: number) => void,
): Promise<void> {
  const of = held()
  const result = await settledBy(of.worker, of.worker.api.profile(on, proxy(onProgress)))
  if (holding.peek() === of) timed.value = result
}

export async function formatsOf(): Promise<readonly FormatFacts[]> {
  const { worker } = held()
  return settledBy(worker, worker.api.formats())
}

/** Make the int8 form of the opened model, which can be written then. */
export async function quantizeOpened(
  photographs: readonly Blob[],
  onProgress: (progress: QuantizeProgress) => void,
): Promise<QuantizedFacts> {
  const { worker } = held()
  return settledBy(worker, worker.api.quantize(photographs, proxy(onProgress)))
}

/** The files of `format` of the opened model, in one of its forms. */
export async function writeOpened(
  format: string,
  form: Form,
  options: Readonly<Record<string, unknown>>,
): Promise<readonly WrittenFile[]> {
  const { worker } = held()
  return settledBy(worker, worker.api.write(format, form, options))
}

function held(): Holding {
  const of = holding.peek()
  if (!of) throw new Error('no model is open')
  return of
}

/** A message of the SDK as a sentence of the page. */
export function sentence(text: string): string {
  const short = text.length > 600 ? `${text.slice(0, 599)}…` : text
  return `${short.slice(0, 1).toUpperCase()}${short.slice(1)}${/[.…!?]$/.test(short) ? '' : '.'}`
}
