import { bytes, milliseconds } from '@mobileone/site-kit/format'
import type { BackendId, Choice } from '../state/choice.ts'
import type { Download } from '../state/download-meter.ts'
import type { EngineState } from '../state/engine.ts'
import { isPublished } from '../state/models.ts'
import { reasonForOneThread } from '../state/one-thread.ts'

/** What the visitor can do about the state of the model. */
export type Action =
  | 'download'
  | 'resume'
  | 'try-now'
  | 'cancel'
  | 'start'
  | 'reload'
  | 'use-wasm'
  | 'use-embedded'
  | 'choose-file'

/** The state of the model in words. */
export interface StatusWords {
  /** Changes seldom, and is announced. */
  readonly text: string
  /** Numbers that change all the time, or what is known beside. */
  readonly detail: string
  readonly isError: boolean
  /** The weights are not of this project: their licence is named. */
  readonly hasLicence: boolean
  readonly actions: readonly Action[]
}

export const actionTitles = {
  download: 'Download',
  resume: 'Resume',
  'try-now': 'Try now',
  cancel: 'Cancel',
  start: 'Load',
  reload: 'Load again',
  'use-wasm': 'Use WebAssembly',
  'use-embedded': 'Use Fashion-MNIST',
  'choose-file': 'Choose the file',
} as const satisfies Record<Action, string>

/** Phases of loading as the visitor reads them; a phase of another name is loading. */
const phaseWords: Readonly<Record<string, string>> = {
  verify: 'Checking the file',
  read: 'Reading the weights',
  fold: 'Folding the branches',
  pack: 'Arranging the weights',
  compile: 'Preparing the kernels',
  'warm-up': 'Running for the first time',
}

/** Seconds without a byte after which it is said. */
const quietSeconds = 3

export const backendTitles = { wasm: 'WebAssembly', webgpu: 'WebGPU' } as const satisfies Record<
  BackendId,
  string
>

/** `WebAssembly, 2 threads`. */
export function onWhat({ backend, threads }: Pick<Choice, 'backend' | 'threads'>): string {
  const many = backend === 'wasm' ? `, ${threads} ${threads === 1 ? 'thread' : 'threads'}` : ''
  return backendTitles[backend] + many
}

/** What the bar says of `state`. */
export function statusWords(state: EngineState, download: Download | undefined): StatusWords {
  const plain = { detail: '', isError: false, hasLicence: false, actions: [] }
  switch (state.status) {
    case 'idle':
      return { ...plain, ...idleWords(state) }
    case 'loading': {
      const { progress } = state
      if (progress?.phase === 'download' && isPublished(state.choice.model)) {
        return { ...plain, ...downloadWords(state, download) }
      }
      const text = phaseWords[progress?.phase ?? ''] ?? 'Loading'
      return { ...plain, text: `${text}…`, actions: isPublished(state.choice.model) ? ['cancel'] : [] }
    }
    case 'ready': {
      const first = state.phases['warm-up']
      const few = state.choice.threads > 1 && reasonForOneThread(state.classifier.features)
      const detail = first === undefined ? '' : `first run ${milliseconds(first)}`
      return { ...plain, text: 'Ready', detail: few ? `on one thread: ${few}` : detail }
    }
    case 'error':
      return { ...plain, isError: true, ...errorWords(state) }
    default:
      state satisfies never
      throw new Error('there is no such state')
  }
}

type Said = Partial<StatusWords> & Pick<StatusWords, 'text'>

function idleWords({ need }: EngineState): Said {
  switch (need?.kind) {
    case 'download': {
      const { part, bytes: all } = need
      if (part > 0) {
        return {
          text: `${bytes(part)} of ${bytes(all)} are here`,
          hasLicence: true,
          actions: ['resume'],
        }
      }
      return { text: `${bytes(all)} to download`, hasLicence: true, actions: ['download'] }
    }
    case 'file':
      return {
        text: 'A page that is opened anew has no file',
        actions: ['choose-file', 'use-embedded'],
      }
    case 'start':
      return { text: 'Cancelled', actions: ['start'] }
    case 'look':
    case undefined:
      return { text: 'Looking for the weights…' }
    default:
      need satisfies never
      throw new Error('there is no such need')
  }
}

function downloadWords({ warning }: EngineState, download: Download | undefined): Said {
  if (!download) return { text: 'Downloading…', actions: ['cancel'] }
  const { done, total, rate, quiet } = download
  const amount = total === undefined ? bytes(done) : `${bytes(done)} of ${bytes(total)}`
  if (quiet >= quietSeconds) {
    return {
      text: 'Stalled',
      detail: `${amount}, nothing came for ${quiet} s`,
      actions: ['try-now', 'cancel'],
    }
  }
  const left = rate && total !== undefined ? `, ${secondsLeft((total - done) / rate)}` : ''
  const speed = rate === undefined ? '' : `, ${bytes(rate)}/s`
  return {
    text: warning === undefined ? 'Downloading…' : 'Downloading, after the connection broke…',
    detail: `${amount}${speed}${left}`,
    actions: ['cancel'],
  }
}

function secondsLeft(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds))
  return whole < 100 ? `${whole} s left` : `${Math.round(whole / 60)} min left`
}

function errorWords({ error, refusals, choice }: EngineState & { readonly status: 'error' }): Said {
  const detail = error.message
  const fallback: Action = choice.model === 'fashion-mnist' ? 'reload' : 'use-embedded'
  const refusal = refusals[0]
  if (refusal) {
    const isDefault = choice.backend === 'wasm' && choice.threads === 1
    return {
      text: `${onWhat(choice)}: not here`,
      detail: refusal.reason,
      actions: isDefault ? ['reload'] : ['use-wasm'],
    }
  }
  switch (error.code) {
    case 'network':
      return { text: 'The download stopped', detail, actions: ['resume', 'cancel'] }
    case 'device-lost':
      return { text: 'What the model ran on is gone', detail, actions: ['reload'] }
    case 'invalid-file':
    case 'missing-weights':
    case 'cannot-fold':
    case 'invalid-model':
    case 'unsupported':
      return { text: 'This file cannot be used', detail, actions: [fallback] }
    default:
      return { text: 'The model could not be loaded', detail, actions: ['reload'] }
  }
}
