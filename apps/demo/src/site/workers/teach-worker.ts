import '@mobileone/site-kit/comlink-errors'
import type { HeadData, Model } from '@mobileone/sdk'
import { type ExportFormat, exportModel } from '@mobileone/sdk/export'
import { type Backbone, fitHead, Head } from '@mobileone/sdk/head'
import { expose, transfer } from 'comlink'
import { zipSync } from 'fflate'
import { checkedPicture, keptPicture } from '../views/teach/kept-picture.ts'
import type { Project } from '../views/teach/project.ts'
import { readProject, writeProject } from '../views/teach/project-file.ts'

/** The examples that a head is to be fitted to. Labels of the head are the ids of the classes, so that a new name changes nothing. */
export interface Lesson {
  readonly classes: readonly { readonly id: string; readonly examples: readonly string[] }[]
}

/** A file that was made here. */
export interface MadeFile {
  readonly name: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** Above so many milliseconds, cross-validation waits until nothing new comes. */
const slow = 500

let backbone: Backbone | undefined
let embeddings = new Map<string, Float32Array>()
let last: HeadData | undefined
let lesson: Lesson | undefined
let isFitting = false
let validating = { ms: 0, stop: new AbortController() }
let tell: (head: HeadData | undefined, error?: { code: string; message: string }) => void = () => {}

const api = {
  keptPicture,
  /** Heads go to `onHead`: first one without an accuracy, then the same with it. */
  listen(onHead: typeof tell): void {
    tell = onHead
  },
  /** Forget the embeddings: those to come are of another backbone. */
  begin(next: Backbone): void {
    backbone = next
    embeddings = new Map()
    last = lesson = undefined
    validating.stop.abort()
  },
  put(ids: readonly string[], features: readonly Float32Array[]): void {
    for (const [index, id] of ids.entries()) embeddings.set(id, features[index]!)
  },
  /** Embeddings of other examples are dropped. */
  keep(ids: readonly string[]): void {
    const kept = new Set(ids)
    for (const id of embeddings.keys()) if (!kept.has(id)) embeddings.delete(id)
  },
  /** Fit to this lesson; what comes during a fit is fitted after it, the newest alone. */
  fit(next: Lesson): void {
    lesson = next
    if (validating.ms > slow) validating.stop.abort()
    if (!isFitting) void fitAll()
  },
  /** @param labels The names of the classes of the head, in its order. */
  headFile(head: HeadData, labels: readonly string[]): Uint8Array<ArrayBuffer> {
    return moved(named(head, labels).toBytes())
  },
  /** The whole network with its head as one file: of Core ML a zip of the package and of Swift that runs it. */
  async modelFile(
    head: HeadData,
    labels: readonly string[],
    model: Model,
    format: ExportFormat,
  ): Promise<MadeFile> {
    const whole = { ...named(head, labels).toModel(model), name: 'taught' }
    if (format !== 'coreml') {
      const [{ path, bytes }] = await exportModel(whole, format)
      return { name: path, bytes: moved(bytes) }
    }
    const files = await exportModel(whole, format, { fileName: 'taught.mlpackage', swift: true })
    const entries = Object.fromEntries(files.map(({ path, bytes }) => [path, bytes]))
    return { name: 'taught-coreml.zip', bytes: moved(zipSync(entries, { level: 0 })) }
  },
  async projectFile(project: Project): Promise<Uint8Array<ArrayBuffer>> {
    return moved(await writeProject(project))
  },
  async openProject(file: Blob): Promise<Project> {
    return readProject(new Uint8Array(await file.arrayBuffer()), checkedPicture)
  },
}
export type TeachApi = typeof api
expose(api)

function named(head: HeadData, labels: readonly string[]): Head {
  const { report, ...rest } = head
  const classes = report?.classes.map((each, index) => ({ ...each, label: labels[index]! }))
  return new Head({ ...rest, labels, ...(report && classes && { report: { ...report, classes } }) })
}

async function fitAll(): Promise<void> {
  isFitting = true
  try {
    while (lesson) {
      const current = lesson
      lesson = undefined
      const classes = Object.fromEntries(
        current.classes.map(({ id, examples }) => [id, examples.flatMap((one) => embeddings.get(one) ?? [])]),
      )
      const on = backbone
      const isStale = (): boolean => on !== backbone
      try {
        const quick = await fitHead(classes, { backbone: on, start: last, crossValidate: false })
        if (isStale()) continue
        last = quick
        tell({ ...quick })
        if (lesson && validating.ms > slow) continue
        validating = { ms: validating.ms, stop: new AbortController() }
        const { signal } = validating.stop
        const started = performance.now()
        const head = await fitHead(classes, { backbone: on, start: last, signal })
        validating.ms = performance.now() - started
        if (isStale()) continue
        last = head
        tell({ ...head })
      } catch (error) {
        const { code, message } = error as { readonly code: string; readonly message: string }
        if (code !== 'aborted' && !isStale()) tell(undefined, { code, message })
      }
    }
  } finally {
    isFitting = false
  }
}

function moved(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const own = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice()
  return transfer(own as Uint8Array<ArrayBuffer>, [own.buffer as ArrayBuffer])
}
