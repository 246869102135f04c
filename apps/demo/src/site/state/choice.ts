import { type ReadonlySignal, signal } from '@preact/signals'
import { type ModelId, models } from './models.ts'

/** What the visitor has chosen to run, and on what; the address of the page says the same after `?`. */
export interface Choice {
  /** `fashion-mnist`, `s0` to `s4`, or `file` for the visitor's own. */
  readonly model: ModelId
  /** What the folded weights are kept in. */
  readonly storage: StorageId
  readonly backend: BackendId
  /** Of the wasm backend, 1 or more. */
  readonly threads: number
}

export type { ModelId } from './models.ts'
export const storages = ['float32', 'float16'] as const
export type StorageId = (typeof storages)[number]
export const backends = ['wasm', 'webgpu'] as const
export type BackendId = (typeof backends)[number]

/** More threads than this no machine of a visitor has. */
const mostThreads = 64

export const defaultChoice: Choice = {
  model: 'fashion-mnist',
  storage: 'float32',
  backend: 'wasm',
  threads: 1,
}

/** @returns the choice that `?model=s0&storage=float16&backend=wasm&threads=2` states; what is absent or makes no sense is the default. */
export function choiceFromQuery(query: string): Choice {
  const given = new URLSearchParams(query)
  const oneOf = <Value extends string>(
    name: keyof Choice,
    values: readonly Value[],
    otherwise: Value,
  ): Value => values.find((value) => value === given.get(name)) ?? otherwise
  const threads = /^\d+$/.test(given.get('threads') ?? '') ? Number(given.get('threads')) : 0
  return {
    model: oneOf('model', models, defaultChoice.model),
    storage: oneOf('storage', storages, defaultChoice.storage),
    backend: oneOf('backend', backends, defaultChoice.backend),
    threads: threads >= 1 && threads <= mostThreads ? threads : defaultChoice.threads,
  }
}

/** `query` with what {@link choiceFromQuery} reads, without what is the default; what others keep there stays. '' for nothing. */
export function queryOf(choice: Choice, query = ''): string {
  const next = new URLSearchParams(query)
  for (const name of Object.keys(defaultChoice) as (keyof Choice)[]) {
    if (choice[name] === defaultChoice[name]) next.delete(name)
    else next.set(name, String(choice[name]))
  }
  return next.size > 0 ? `?${next}` : ''
}

/** Two choices that run the same. Threads are of wasm alone. */
export function sameChoice(a: Choice, b: Choice): boolean {
  return trialKey(a) === trialKey(b)
}

/** What tells the combinations apart that can be timed: `s0 float32 wasm 2`. */
export function trialKey({ model, storage, backend, threads }: Choice): string {
  return [model, storage, backend, backend === 'wasm' ? threads : 0].join(' ')
}

const address = typeof location === 'undefined' ? undefined : location
const chosen = signal(choiceFromQuery(address?.search ?? ''))
const ownFile = signal<File | undefined>(undefined)

export const choice: ReadonlySignal<Choice> = chosen
/** The visitor's checkpoint, while `choice.model` is `file`. */
export const checkpointFile: ReadonlySignal<File | undefined> = ownFile

/** Choose something else; the address follows. A file makes `model` be `file`. */
export function choose(changes: Partial<Choice> & { readonly file?: File }): void {
  const { file, ...rest } = changes
  if (file) ownFile.value = file
  const next = { ...chosen.peek(), ...rest, ...(file && { model: 'file' as const }) }
  if (JSON.stringify(next) !== JSON.stringify(chosen.peek())) chosen.value = next
  tellAddress()
}

function tellAddress(): void {
  const { pathname, search, hash } = location
  const query = queryOf(chosen.peek(), search)
  if (query !== search) history.replaceState(history.state, '', `${pathname}${query}${hash}`)
}

// Going back in the history shows an address from before the last choice.
if (address) addEventListener('popstate', tellAddress)
