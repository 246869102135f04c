/** The reports that pages show: of runs, of files; kept in this browser until the visitor deletes them. */
import { type Report, reportJson } from '@mobileone/measure'
import { type ReadonlySignal, signal } from '@preact/signals'
import { readReports, removeReport, type StoredReport, writeReport } from './report-store.ts'

/** A report that this browser has made or opened. Its title is for people: `This browser, 14:05`, or a file's name. */
export type KeptReport = StoredReport

/** As many are kept, the latest. */
export const mostReports = 30

const kept = signal<readonly KeptReport[]>([])
const loaded = signal(false)
const trouble = signal<string | undefined>(undefined)

/** The reports, the latest last; those of earlier visits are there once {@link loadReports} has read them. */
export const reports: ReadonlySignal<readonly KeptReport[]> = kept
export const isLoaded: ReadonlySignal<boolean> = loaded
/** Why reports are lost with the page; undefined where they are not. */
export const keepTrouble: ReadonlySignal<string | undefined> = trouble

let loading: Promise<void> | undefined

/** Read what earlier visits have kept, once. Never rejects. */
export function loadReports(): Promise<void> {
  loading ??= readReports()
    .then((found) => {
      const here = new Set(kept.peek().map(({ id }) => id))
      kept.value = [...found.filter(({ id }) => !here.has(id)), ...kept.peek()].sort((a, b) => a.id - b.id)
    }, tellTrouble)
    .then(() => {
      loaded.value = true
    })
  return loading
}

/** Keep a report for the pages that show it. One that is there already is not kept twice. @returns its id. */
export function keepReport(report: Report, title: string): number {
  const json = reportJson(report)
  const same = kept
    .peek()
    .find((each) => each.report.date === report.date && reportJson(each.report) === json)
  if (same) return same.id
  const id = Math.max(Date.now(), (kept.peek().at(-1)?.id ?? 0) + 1)
  const made = { id, title, report }
  kept.value = [...kept.peek(), made]
  void writeReport(made)
    .then(loadReports)
    .then(() => {
      for (const { id: old } of kept.peek().slice(0, -mostReports)) forgetReport(old)
    })
    .catch(tellTrouble)
  return id
}

export function forgetReport(id: number): void {
  kept.value = kept.peek().filter((each) => each.id !== id)
  void removeReport(id).catch(tellTrouble)
}

function tellTrouble(error: unknown): void {
  trouble.value = (error as Error).message || 'this browser keeps nothing for this page'
}
