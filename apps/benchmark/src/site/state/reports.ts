import type { Report } from '@mobileone/measure'
import { type ReadonlySignal, signal } from '@preact/signals'

/** A report that this visit has made or opened. */
export interface KeptReport {
  readonly id: number
  /** Where it comes from, for people: `This device, 14:05`, or a file's name. */
  readonly title: string
  readonly report: Report
}

const kept = signal<readonly KeptReport[]>([])
let made = 0

/** The reports of this visit, the latest last. */
export const reports: ReadonlySignal<readonly KeptReport[]> = kept

/** Keep a report for the pages that show it, until the page is left. @returns its id. */
export function keepReport(report: Report, title: string): number {
  const id = ++made
  kept.value = [...kept.peek(), { id, title, report }]
  return id
}

export function forgetReport(id: number): void {
  kept.value = kept.peek().filter((each) => each.id !== id)
}
