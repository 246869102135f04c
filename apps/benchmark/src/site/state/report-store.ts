/** Reports in the browser's own database, so that they outlast the visit. */
import { parseReport, type Report, reportJson } from '@mobileone/measure'
import { createStore, del, entries, set, type UseStore } from 'idb-keyval'

/** A report with its id and its title. */
export interface StoredReport {
  /** Milliseconds of the epoch when it was kept, and so in order; never that of another. */
  readonly id: number
  readonly title: string
  readonly report: Report
}

interface Row {
  readonly title: string
  /** As of a file, which is checked again when it is read. */
  readonly json: string
}

let opened: UseStore | undefined
const store = (): UseStore => {
  opened ??= createStore('mobileone-benchmark', 'reports')
  return opened
}

/** Every report that can still be read, in order. @throws where the browser keeps nothing, as in some private windows. */
export async function readReports(): Promise<StoredReport[]> {
  const rows = await entries<number, Row>(store())
  return rows
    .flatMap(([id, row]) => {
      try {
        return [{ id, title: String(row.title), report: parseReport(row.json) }]
      } catch {
        return []
      }
    })
    .sort((a, b) => a.id - b.id)
}

/** @throws where the browser keeps nothing, or has no room. */
export function writeReport({ id, title, report }: StoredReport): Promise<void> {
  return set(id, { title, json: reportJson(report) } satisfies Row, store())
}

/** @throws where the browser keeps nothing. */
export function removeReport(id: number): Promise<void> {
  return del(id, store())
}
