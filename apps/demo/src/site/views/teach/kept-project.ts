import { effect, type ReadonlySignal, signal, untracked } from '@preact/signals'
import { createStore, del, delMany, get, getMany, keys, set, setMany } from 'idb-keyval'
import { isUntouched, limits, type Project } from './project.ts'
import { project, report, restoreProject } from './taught.ts'

/** What is stored beside the pictures, which have keys of their own. */
interface Stored {
  readonly version: 1
  readonly classes: Project['classes']
  readonly examples: readonly { readonly id: string; readonly classId: string }[]
}

const recordKey = 'project'
const pictureKey = (id: string): string => `picture ${id}`
const store = createStore('mobileone-teach', 'kept')
const delay = 800

const wish = signal(false)
const saved = signal(false)
/** Whether the visitor wants what is taught kept in this browser. */
export const isKept: ReadonlySignal<boolean> = wish
/** Whether all of it is stored. */
export const isSaved: ReadonlySignal<boolean> = saved

let written = new Set<string>()
let timer = 0
let writing: Promise<void> = Promise.resolve()
let begun: Promise<void> | undefined

/** Bring back what was kept, once, unless something was taught in the meantime. */
export function restoreKept(): Promise<void> {
  begun ??= restore().catch(() => {})
  return begun
}

async function restore(): Promise<void> {
  const stored = asStored(await get<unknown>(recordKey, store))
  if (!stored) return
  const pictures = await getMany<unknown>(
    stored.examples.map(({ id }) => pictureKey(id)),
    store,
  )
  const examples = stored.examples.flatMap(({ id, classId }, index) => {
    const picture = pictures[index]
    return picture instanceof Blob ? [{ id, classId, picture }] : []
  })
  if (!isUntouched(project.peek())) return
  written = new Set(examples.map(({ id }) => id))
  restoreProject({ classes: stored.classes, examples })
  wish.value = true
}

/** Keep what is taught, now and after every change. */
export function keep(): void {
  wish.value = true
  navigator.storage?.persist?.().catch(() => {})
}

/** Keep nothing any more, and delete what was kept. What the page holds stays. */
export async function stopKeeping(): Promise<void> {
  wish.value = false
  clearTimeout(timer)
  await writing
  const all = await keys(store)
  await delMany(all, store)
  written = new Set()
  saved.value = false
}

effect(() => {
  const { classes, examples } = project.value
  if (!wish.value) return
  untracked(() => {
    saved.value = false
    clearTimeout(timer)
    timer = window.setTimeout(() => {
      writing = writing.then(() => write({ classes, examples }))
    }, delay)
  })
})

async function write({ classes, examples }: Project): Promise<void> {
  try {
    const added = examples.filter(({ id }) => !written.has(id))
    for (let from = 0; from < added.length; from += 100) {
      const some = added.slice(from, from + 100)
      await setMany(
        some.map(({ id, picture }) => [pictureKey(id), picture]),
        store,
      )
      for (const { id } of some) written.add(id)
    }
    const record: Stored = {
      version: 1,
      classes,
      examples: examples.map(({ id, classId }) => ({ id, classId })),
    }
    await set(recordKey, record, store)
    const wanted = new Set(examples.map(({ id }) => id))
    const dropped = [...written].filter((id) => !wanted.has(id))
    await delMany(dropped.map(pictureKey), store)
    for (const id of dropped) written.delete(id)
    const { classes: newest, examples: newestExamples } = project.peek()
    saved.value = newest === classes && newestExamples === examples
  } catch (error) {
    wish.value = false
    await del(recordKey, store).catch(() => {})
    report(
      `This browser does not keep it: ${(error as Error).message}. Private windows and full disks do that; save the project as a file instead.`,
    )
  }
}

/** What another version or program stored is not read. */
function asStored(value: unknown): Stored | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { version, classes, examples } = value as Partial<Record<keyof Stored, unknown>>
  const isRecord = (entry: unknown, fields: readonly string[]): boolean =>
    typeof entry === 'object' &&
    entry !== null &&
    fields.every((field) => typeof (entry as Record<string, unknown>)[field] === 'string')
  const isGood =
    version === 1 &&
    Array.isArray(classes) &&
    classes.length <= limits.classes &&
    classes.every((entry) => isRecord(entry, ['id', 'name'])) &&
    Array.isArray(examples) &&
    examples.length <= limits.examples &&
    examples.every((entry) => isRecord(entry, ['id', 'classId']))
  return isGood ? (value as Stored) : undefined
}
