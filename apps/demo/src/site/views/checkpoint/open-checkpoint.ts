import { type ReadonlySignal, signal } from '@preact/signals'
import { proxy, type Remote, wrap } from 'comlink'
import { choose } from '../../state/choice.ts'
import { saveFile } from '../../ui/save-file.ts'
import type { Answer, CheckpointApi } from '../../workers/checkpoint-worker.ts'
import type { CheckpointFacts, ExportChoice, FoldError, LayerProfileFacts } from './checkpoint-facts.ts'

/** The checkpoint that this view shows; it stays while the page is open. */
export type CheckpointState =
  | { readonly status: 'none' }
  | {
      readonly status: 'opening'
      readonly fileName: string
      readonly phase: string
      readonly fraction: number
    }
  | { readonly status: 'failed'; readonly fileName: string; readonly message: string }
  | { readonly status: 'open'; readonly facts: CheckpointFacts }

/** Something that is measured or made when it is asked for. */
export type Asked<Value> =
  | { readonly status: 'none' | 'busy' }
  | { readonly status: 'failed'; readonly message: string }
  | { readonly status: 'done'; readonly value: Value }

const none = { status: 'none' } as const
const opened = signal<CheckpointState>(none)
const error = signal<Asked<FoldError>>(none)
const layers = signal<Asked<LayerProfileFacts>>(none)
const exported =
  signal<Asked<{ readonly format: string; readonly bytes: number; readonly files: number }>>(none)
const choices = signal<readonly ExportChoice[]>([])
const used = signal<Asked<string>>(none)

export const checkpoint: ReadonlySignal<CheckpointState> = opened
export const foldError: ReadonlySignal<typeof error.value> = error
export const layerProfile: ReadonlySignal<typeof layers.value> = layers
/** The last export. */
export const lastExport: ReadonlySignal<typeof exported.value> = exported
export const exportChoices: ReadonlySignal<readonly ExportChoice[]> = choices
/** The file that was handed to the other views. */
export const inUse: ReadonlySignal<typeof used.value> = used

let worker: Worker | undefined
let api: Remote<CheckpointApi> | undefined

/** Read and fold `file`; what was open before is let go. */
export async function openCheckpoint(file: Blob, fileName: string): Promise<void> {
  closeCheckpoint()
  worker = new Worker(new URL('../../workers/checkpoint-worker.ts', import.meta.url), {
    type: 'module',
    name: 'checkpoint',
  })
  const own = wrap<CheckpointApi>(worker)
  api = own
  opened.value = { status: 'opening', fileName, phase: 'read', fraction: 0 }
  const onProgress = proxy((phase: string, fraction: number) => {
    if (api === own) opened.value = { status: 'opening', fileName, phase, fraction }
  })
  const broken = new Promise<never>((_, reject) => {
    worker?.addEventListener('error', () =>
      reject(new Error('its worker has ended, which too little memory can do')),
    )
  })
  const end = await settle(Promise.race([own.open(file, fileName, onProgress), broken]))
  if (api !== own) return
  if (end.status !== 'done') {
    const message = end.status === 'failed' ? end.message : ''
    closeCheckpoint()
    opened.value = { status: 'failed', fileName, message }
    return
  }
  opened.value = { status: 'open', facts: end.value }
  void measureError()
  const known = await settle(own.formats())
  if (api === own && known.status === 'done') choices.value = known.value
}

/** Let go of what is open, or stop opening it. */
export function closeCheckpoint(): void {
  worker?.terminate()
  worker = api = undefined
  opened.value = error.value = layers.value = exported.value = used.value = none
}

async function measureError(): Promise<void> {
  await ask(error, (own) => own.compare())
}

/** Time every layer of the folded network. */
export async function profileCheckpoint(): Promise<void> {
  await ask(layers, (own) => own.profile())
}

/** Write the folded network in `format` and save its files. */
export async function exportCheckpoint(
  format: string,
  options: Readonly<Record<string, unknown>>,
): Promise<void> {
  const files = await ask(exported, async (own) => {
    const answer = await own.export(format, options)
    if ('failure' in answer) return answer
    for (const { path, bytes } of answer.value) saveFile(path.split('/').at(-1) ?? path, bytes)
    const bytes = answer.value.reduce((total, file) => total + file.bytes.length, 0)
    return { value: { format, bytes, files: answer.value.length } }
  })
  return files
}

/** Make the folded network the model of all views. */
export async function useCheckpoint(): Promise<void> {
  await ask(used, async (own) => {
    const answer = await own.folded()
    if ('failure' in answer) return answer
    const state = opened.peek()
    const name = state.status === 'open' ? state.facts.fileName.replace(/(\.pth)?\.\w+$/, '') : 'checkpoint'
    choose({ file: new File([answer.value as Uint8Array<ArrayBuffer>], `${name}.folded.safetensors`) })
    return { value: name }
  })
}

async function ask<Value>(
  target: { value: Asked<Value> },
  call: (own: Remote<CheckpointApi>) => Promise<Answer<Value>>,
): Promise<void> {
  const own = api
  if (!own) return
  target.value = { status: 'busy' }
  const end = await settle(call(own))
  if (api === own) target.value = end
}

async function settle<Value>(call: Promise<Answer<Value>>): Promise<Asked<Value>> {
  try {
    const answer = await call
    if ('value' in answer) return { status: 'done', value: answer.value }
    return { status: 'failed', message: answer.failure.message }
  } catch (cause) {
    return { status: 'failed', message: (cause as Error).message }
  }
}
