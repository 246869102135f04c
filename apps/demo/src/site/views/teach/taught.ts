import { computed, type ReadonlySignal, signal } from '@preact/signals'
import { counted } from './advice.ts'
import { changed, type History, heldBytes, historyOf, undone } from './history.ts'
import {
  addClass,
  addExamples,
  checkName,
  emptyProject,
  examplesOf,
  limits,
  type Project,
  pictureBytes,
  removeClass,
  removeExample,
  renameClass,
} from './project.ts'
import { teachWorker } from './teach-worker-client.ts'

/** One list of files is read after another: each is one step to take back. */
let adding: Promise<void> = Promise.resolve()
const history = signal<History>(historyOf(emptyProject()))
const failure = signal<string | undefined>(undefined)
const reading = signal<{ readonly done: number; readonly total: number } | undefined>(undefined)

/** What is taught. It outlives the view. */
export const project: ReadonlySignal<Project> = computed(() => history.value.project)
/** What {@link undo} would take back, in words. */
export const undoable: ReadonlySignal<string | undefined> = computed(() => history.value.steps.at(-1)?.what)
/** Bytes of pictures held for the project and for undo. */
export const held: ReadonlySignal<number> = computed(() => heldBytes(history.value))
/** What last went wrong, in words with what to do. */
export const problem: ReadonlySignal<string | undefined> = failure
/** How many files are read. */
export const filesRead: ReadonlySignal<{ readonly done: number; readonly total: number } | undefined> =
  reading

export function report(message: string | undefined): void {
  failure.value = message
}

function change(next: Project, what: string, group?: unknown): void {
  history.value = changed(history.peek(), next, what, group)
}

const nameOf = (classId: string): string =>
  project.peek().classes.find(({ id }) => id === classId)?.name ?? 'a class'

export function newClass(): void {
  if (project.peek().classes.length < limits.classes) change(addClass(project.peek()), 'adding a class')
}

/** @returns What is wrong with the name, undefined when the class has it. */
export function rename(classId: string, wanted: string): string | undefined {
  const checked = checkName(project.peek(), classId, wanted)
  if ('problem' in checked) return checked.problem
  if (checked.name !== nameOf(classId)) {
    change(renameClass(project.peek(), classId, checked.name), `renaming ${nameOf(classId)}`)
  }
  return undefined
}

export function dropClass(classId: string): void {
  change(removeClass(project.peek(), classId), `removing ${nameOf(classId)}`)
}

export function dropExample(id: string): void {
  change(removeExample(project.peek(), id), 'removing an example')
}

export function undo(): void {
  failure.value = undefined
  history.value = undone(history.peek())
}

/** Begin with this project; the one before can be brought back. */
export function replaceProject(next: Project, what: string): void {
  failure.value = undefined
  change(next, what)
}

/** Begin with this project, with nothing to take back. */
export function restoreProject(next: Project): void {
  history.value = historyOf(next)
}

export function clearAll(): void {
  replaceProject(emptyProject(), 'clearing everything')
}

/**
 * Add pictures that are small already. Those of one `group` are taken back together.
 * @returns False where they do not fit or the class is gone; {@link problem} says so.
 */
export function addPictures(classId: string, pictures: readonly Blob[], group?: unknown): boolean {
  const now = project.peek()
  if (!now.classes.some(({ id }) => id === classId)) return false
  const added = pictures.reduce((sum, { size }) => sum + size, 0)
  const isFull =
    now.examples.length + pictures.length > limits.examples || pictureBytes(now) + added > limits.pictureBytes
  if (isFull) {
    failure.value = `This page holds ${limits.examples} examples and ${limits.pictureBytes / 1e6} MB of pictures at most. Remove some, or save the project and begin another.`
    return false
  }
  const next = addExamples(now, classId, pictures)
  const before = group !== undefined && history.peek().steps.at(-1)?.group === group
  const base = before ? history.peek().steps.at(-1)!.before : now
  const count = examplesOf(next, classId).length - examplesOf(base, classId).length
  change(next, `adding ${counted(count, 'example')} to ${nameOf(classId)}`, group)
  return true
}

/** Read picture files and add them to a class, in one step; those that are none are named in {@link problem}. */
export function addFiles(classId: string, files: readonly Blob[]): Promise<void> {
  adding = adding.then(() => readFiles(classId, files))
  return adding
}

async function readFiles(classId: string, files: readonly Blob[]): Promise<void> {
  const group = {}
  const refused: string[] = []
  failure.value = undefined
  for (const [done, file] of files.entries()) {
    reading.value = { done, total: files.length }
    try {
      if (!addPictures(classId, [await teachWorker().keptPicture(file)], group)) break
    } catch (error) {
      refused.push(file instanceof File ? file.name : (error as Error).message)
    }
  }
  reading.value = undefined
  if (refused.length > 0) {
    const some = refused.slice(0, 3).join(', ')
    const rest = refused.length > 3 ? ` and ${refused.length - 3} more` : ''
    failure.value = `No picture that this browser reads: ${some}${rest}. Use JPEG, PNG or WebP.`
  }
}
