import { type OnProgress, type Progress, printable, printableLines } from '@mobileone/core'
import { formatBytes, table as plainTable } from '@mobileone/measure'

export { printable } from '@mobileone/core'
export { formatBytes } from '@mobileone/measure'

const barWidth = 24
const redrawInterval = 80

/** Results, on standard output. What would act on the terminal is escaped; a name or label that must not break its line is the caller's to pass through `printable`. */
export function printLine(text = ''): void {
  process.stdout.write(`${printableLines(text)}\n`)
}

/** Everything that is no result, on standard error, escaped in the same way. */
export function printNote(text: string): void {
  process.stderr.write(`${printableLines(text)}\n`)
}

/** The one document of `--json`: what `JSON.stringify` leaves raw but acts on a terminal is escaped too, which JSON reads back. */
export function printJson(value: unknown): void {
  printLine(JSON.stringify(value, undefined, 2))
}

/** Rows in aligned columns, each cell on one line. */
export const table: typeof plainTable = (header, rows, right) =>
  plainTable(
    header,
    rows.map((row) => row.map(printable)),
    right,
  )

/** `████████░░░░`, filled to `share` of 0..1. */
export function bar(share: number, width: number = barWidth): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width)
  return '█'.repeat(filled) + '░'.repeat(width - filled)
}

/** A progress bar on standard error; silent where that is no terminal. Call `end` when the work is over. */
export function progressBar(): { readonly onProgress: OnProgress; end(): void } {
  const stream = process.stderr
  let drawn = 0
  let shown = false
  const clear = (): void => {
    if (shown) stream.write('\r\u001b[K')
    shown = false
  }
  return {
    onProgress(progress) {
      const finished = progress.total !== undefined && progress.done >= progress.total
      if (!stream.isTTY || (Date.now() - drawn < redrawInterval && !finished)) return
      drawn = Date.now()
      stream.write(`\r\u001b[K${printable(progressText(progress))}`)
      shown = true
    },
    end: clear,
  }
}

function progressText({ phase, done, total }: Progress): string {
  const isBytes = phase === 'download'
  const amount = (value: number): string => (isBytes ? formatBytes(value) : String(value))
  if (total === undefined) return `${phase} ${amount(done)}`
  return `${phase} ${bar(done / Math.max(1, total))} ${amount(done)} / ${amount(total)}`
}

export function formatCount(count: number): string {
  return count.toLocaleString('en-US')
}

export function formatMs(ms: number): string {
  return `${ms < 10 ? ms.toFixed(2) : ms.toFixed(1)} ms`
}

/** `share` of 1, in percent. */
export function formatPercent(share: number): string {
  return `${(100 * share).toFixed(2)} %`
}
