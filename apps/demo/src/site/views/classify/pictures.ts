import type { Framing, PictureTimes, Prediction } from '@mobileone/sdk'
import { computed, type ReadonlySignal, signal } from '@preact/signals'
import type { Region, Size } from './region.ts'

/** Milliseconds of one classification. */
export interface StageTimes extends Omit<PictureTimes, 'index'> {
  /** From handing over the file until its classes were here. */
  readonly whole: number
}

/** How far the classification of a picture is. */
export type Outcome =
  | { readonly state: 'waiting' | 'running' }
  | { readonly state: 'done'; readonly predictions: readonly Prediction[]; readonly times: StageTimes }
  | { readonly state: 'failed'; readonly message: string }

/** A picture that the visitor gave or chose. */
export interface Picture {
  readonly id: number
  readonly name: string
  readonly file: Blob
  /** Shows it. */
  readonly address: string
  /** Comes with the page; one at a time is kept. */
  readonly isSample: boolean
  /** Upright, once the browser has decoded it. */
  readonly size: Size | undefined
  readonly region: Region | undefined
  readonly outcome: Outcome
}

export type GivenPicture = Pick<Picture, 'name' | 'file'> & { readonly isSample?: boolean }

/** What applies to all pictures. */
export interface Settings {
  readonly topK: number
  readonly fit: NonNullable<Framing['fit']>
  readonly resample: 'exact' | 'fast'
}

/** So many pictures are kept; the oldest go first. */
const most = 100

const all = signal<readonly Picture[]>([])
const shownId = signal<number | undefined>(undefined)
const current = signal<Settings>({ topK: 5, fit: 'crop', resample: 'exact' })

/** The newest first. */
export const pictures: ReadonlySignal<readonly Picture[]> = all
export const settings: ReadonlySignal<Settings> = current
/** The one that is shown large. */
export const selected: ReadonlySignal<Picture | undefined> = computed(() =>
  all.value.find(({ id }) => id === shownId.value),
)

let lastId = 0
const waiting: Outcome = { state: 'waiting' }

/** Take pictures and show the first. All of them wait to be classified. */
export function addPictures(given: readonly GivenPicture[]): void {
  const added = given.slice(0, most).map(
    ({ name, file, isSample = false }): Picture => ({
      id: ++lastId,
      name,
      file,
      address: URL.createObjectURL(file),
      isSample,
      size: undefined,
      region: undefined,
      outcome: waiting,
    }),
  )
  const kept = [...added, ...all.peek().filter(({ isSample }) => !isSample)].slice(0, most)
  release(all.peek().filter((picture) => !kept.includes(picture)))
  all.value = kept
  shownId.value = added[0]?.id
}

export function selectPicture(id: number): void {
  shownId.value = id
}

export function removePicture(id: number): void {
  const place = all.peek().findIndex((picture) => picture.id === id)
  release(all.peek().slice(place, place + 1))
  all.value = all.peek().filter((picture) => picture.id !== id)
  if (shownId.peek() === id) shownId.value = (all.peek()[place] ?? all.peek().at(-1))?.id
}

export function removeAllPictures(): void {
  release(all.peek())
  all.value = []
  shownId.value = undefined
}

function release(gone: readonly Picture[]): void {
  for (const { address } of gone) URL.revokeObjectURL(address)
}

/** Another region of one picture; undefined for all of it. */
export function setRegion(id: number, region: Region | undefined): void {
  changePicture(id, { region, outcome: waiting })
}

export function setSettings(changes: Partial<Settings>): void {
  current.value = { ...current.peek(), ...changes }
  classifyAgain()
}

export function changePicture(id: number, changes: Partial<Picture>): void {
  all.value = all.peek().map((picture) => (picture.id === id ? { ...picture, ...changes } : picture))
}

/** Have every picture wait for its classes once more. */
export function classifyAgain(): void {
  all.value = all.peek().map((picture) => ({ ...picture, outcome: waiting }))
}

/** The picture whose turn it is: the one that is shown, otherwise the first that was given. */
export function nextWaiting(): Picture | undefined {
  const candidates = all.peek().filter(({ outcome }) => outcome.state === 'waiting')
  return candidates.find(({ id }) => id === shownId.peek()) ?? candidates.at(-1)
}
