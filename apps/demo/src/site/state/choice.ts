import { type ReadonlySignal, signal } from '@preact/signals'

/** What the visitor has chosen to run, and on what; the address of the page says the same after `?`. */
export interface Choice {
  /** `fashion-mnist`, `s0` to `s4`, or `file` for the visitor's own. */
  readonly model: ModelId
  readonly storage: 'float32' | 'float16'
  readonly backend: 'wasm' | 'webgpu'
  /** Of the wasm backend, 1 or more. */
  readonly threads: number
}

export const models = ['fashion-mnist', 's0', 's1', 's2', 's3', 's4', 'file'] as const
export type ModelId = (typeof models)[number]

const defaults: Choice = { model: 'fashion-mnist', storage: 'float32', backend: 'wasm', threads: 1 }

/** @returns the choice that `?model=s0&storage=float16&backend=wasm&threads=2` states; what is absent or makes no sense is the default. */
export function choiceFromQuery(query: string): Choice {
  const given = new URLSearchParams(query)
  const oneOf = <Value extends string>(
    name: keyof Choice,
    values: readonly Value[],
    otherwise: Value,
  ): Value => values.find((value) => value === given.get(name)) ?? otherwise
  const threads = Number(given.get('threads') ?? defaults.threads)
  return {
    model: oneOf('model', models, 'fashion-mnist'),
    storage: oneOf('storage', ['float32', 'float16'], 'float32'),
    backend: oneOf('backend', ['wasm', 'webgpu'], 'wasm'),
    threads: Number.isInteger(threads) && threads >= 1 && threads <= 64 ? threads : defaults.threads,
  }
}

/** The query that {@link choiceFromQuery} reads, without what is the default; '' for the default. */
export function queryOf(choice: Choice): string {
  const query = new URLSearchParams()
  for (const name of Object.keys(defaults) as (keyof Choice)[]) {
    if (choice[name] !== defaults[name]) query.set(name, String(choice[name]))
  }
  return query.size > 0 ? `?${query}` : ''
}

const chosen = signal(choiceFromQuery(location.search))
const ownFile = signal<File | undefined>(undefined)

export const choice: ReadonlySignal<Choice> = chosen
/** The visitor's checkpoint, while `choice.model` is `file`. */
export const checkpointFile: ReadonlySignal<File | undefined> = ownFile

/** Choose something else; the address follows. A file makes `model` be `file`. */
export function choose(changes: Partial<Choice> & { readonly file?: File }): void {
  const { file, ...rest } = changes
  if (file) ownFile.value = file
  chosen.value = { ...chosen.peek(), ...rest, ...(file && { model: 'file' as const }) }
  history.replaceState(null, '', `${location.pathname}${queryOf(chosen.value)}${location.hash}`)
}
